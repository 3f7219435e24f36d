"""Acting for somebody else: invitations, limits of money, ownership handed over, and who did what for whom."""
