"""How owners want their house's cost shared out: methods voted, announced and cancelled."""
