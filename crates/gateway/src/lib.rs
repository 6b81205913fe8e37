//! Sockets for devices: vehicle terminals and cameras; limits and back-pressure.
