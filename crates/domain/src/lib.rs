//! The words of the field and the state machines of the loop.
