"""What engines say of themselves and know of each other: adverts, acquaintances, offers. All pure."""
