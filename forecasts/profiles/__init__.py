"""Calendar profiles: Prophet on the totals of families and regions, kept between nights, laid over days as exposure."""
