//! A simulated county: roads, vehicles and devices that speak the real protocols over real sockets.
