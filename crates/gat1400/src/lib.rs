//! GA/T 1400 video/image database interface, sans-I/O, both sides.
