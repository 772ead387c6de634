"""One package per outside thing; none of them knows another."""
