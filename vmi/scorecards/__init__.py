"""How suppliers and warehouses did, month by month, against targets both sides know."""
