"""What employees did, and what was done about money: who, on whom, when, from where and why; unchangeable."""
