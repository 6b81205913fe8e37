//! JT/T 808 vehicle-terminal protocol, sans-I/O, both sides.
