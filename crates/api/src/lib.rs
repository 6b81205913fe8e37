//! HTTP API, sessions, wire types, live stream, the page.
