"""What a night is judged by: figures with the contract's definitions, measured on what really happened."""
