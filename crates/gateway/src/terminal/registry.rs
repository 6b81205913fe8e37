//! Which connection speaks for which terminal, and the way to it.

use domain::DeviceId;
use hmac::{Hmac, KeyInit, Mac};
use jt808::{Message, Phone};
use sha2::Sha256;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc;

/// Characters of an authentication code. Terminals of 2011 are known to keep no more than 16.
const AUTH_CODE_CHARS: usize = 16;

/// The authentication code of a terminal (JT/T 808, 0x8100 and 0x0102): HMAC-SHA-256 of its SIM number, 64 bits of it in
/// hexadecimal. It is derived, so it outlives restarts and nothing is stored; who sees one learns nothing about others.
pub fn auth_code(secret: &[u8; 32], terminal: &DeviceId) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(b"jt808:");
    mac.update(terminal.as_str().as_bytes());
    let mut code = String::with_capacity(AUTH_CODE_CHARS);
    for byte in mac.finalize().into_bytes().iter().take(AUTH_CODE_CHARS / 2) {
        write!(code, "{byte:02x}").expect("writing to a string can't fail");
    }
    code
}

/// Compares without telling by its time where the difference is.
pub(super) fn is_same_code(left: &str, right: &str) -> bool {
    let difference = left.bytes().zip(right.bytes()).fold(0, |difference, (a, b)| difference | (a ^ b));
    left.len() == right.len() && difference == 0
}

/// What a connection is told from outside.
#[derive(Debug)]
pub(super) enum Order {
    /// Write this to the terminal.
    Send(Phone, Message),
    /// The terminal speaks over another connection now.
    Superseded(Phone),
}

/// A terminal's session on one connection, as others see it.
#[derive(Debug)]
pub(super) struct Link {
    phone: Phone,
    orders: mpsc::Sender<Order>,
    is_superseded: AtomicBool,
}

impl Link {
    /// Whether the terminal has come back elsewhere, so that nothing more is taken from here.
    pub(super) fn is_superseded(&self) -> bool {
        self.is_superseded.load(Ordering::Acquire)
    }
}

/// Why a message was not sent to a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// It has no session now.
    #[error("the terminal is not connected")]
    NotConnected,
    /// Its connection takes commands more slowly than they come.
    #[error("too many commands wait for the terminal's connection")]
    Busy,
}

/// The way to all terminals that have a session now. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Terminals {
    links: Arc<Mutex<HashMap<DeviceId, Arc<Link>>>>,
}

impl Terminals {
    /// Queues a message of the platform (such as 0x8201 position query, 0x8300 text) for a terminal. That it is queued says
    /// nothing of its arrival: a terminal may leave at any moment.
    pub fn send(&self, terminal: &DeviceId, message: Message) -> Result<(), SendError> {
        let link = self.lock().get(terminal).cloned().ok_or(SendError::NotConnected)?;
        link.orders.try_send(Order::Send(link.phone, message)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => SendError::Busy,
            mpsc::error::TrySendError::Closed(_) => SendError::NotConnected,
        })
    }

    /// How many terminals have a session now.
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    /// The terminal has proved itself on the connection that reads `orders`; another that it had is told.
    pub(super) fn attach(&self, terminal: &DeviceId, phone: Phone, orders: mpsc::Sender<Order>) -> Arc<Link> {
        let link = Arc::new(Link { phone, orders, is_superseded: AtomicBool::new(false) });
        let earlier = self.lock().insert(terminal.clone(), link.clone());
        if let Some(earlier) = earlier {
            earlier.is_superseded.store(true, Ordering::Release);
            // Only a nudge: where it does not fit, the flag tells when the connection next looks.
            drop(earlier.orders.try_send(Order::Superseded(phone)));
        }
        link
    }

    /// The session has ended. True when it was still the terminal's own, so that the terminal is gone now.
    pub(super) fn detach(&self, terminal: &DeviceId, link: &Arc<Link>) -> bool {
        let mut links = self.lock();
        let is_current = links.get(terminal).is_some_and(|current| Arc::ptr_eq(current, link));
        if is_current {
            links.remove(terminal);
        }
        is_current
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<DeviceId, Arc<Link>>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_depend_on_secret_and_terminal_and_stay_the_same() {
        let terminal = DeviceId::from("13800138000");
        let code = auth_code(&[7; 32], &terminal);
        assert_eq!(code.len(), AUTH_CODE_CHARS);
        // Terminals keep their code: this value must never change. From `printf jt808:13800138000 | openssl dgst -sha256 -mac HMAC
        // -macopt hexkey:0707…`.
        assert_eq!(code, "922e15f897ac1e9a");
        assert_ne!(code, auth_code(&[8; 32], &terminal));
        assert_ne!(code, auth_code(&[7; 32], &DeviceId::from("13800138001")));
        assert!(is_same_code(&code, &code));
        assert!(!is_same_code(&code, ""));
        assert!(!is_same_code(&code, &code.to_uppercase()));
    }

    #[test]
    fn the_newer_connection_takes_over_and_the_older_cannot_take_it_down() {
        let terminals = Terminals::default();
        let terminal = DeviceId::from("1");
        let phone = Phone::from(1);
        assert_eq!(terminals.send(&terminal, Message::QueryPosition), Err(SendError::NotConnected));
        let (older_orders, mut older) = mpsc::channel(1);
        let (newer_orders, mut newer) = mpsc::channel(1);
        let older_link = terminals.attach(&terminal, phone, older_orders);
        let newer_link = terminals.attach(&terminal, phone, newer_orders);
        assert!(older_link.is_superseded() && !newer_link.is_superseded());
        assert!(matches!(older.try_recv(), Ok(Order::Superseded(_))));
        assert!(!terminals.detach(&terminal, &older_link));
        assert_eq!(terminals.send(&terminal, Message::QueryPosition), Ok(()));
        assert_eq!(terminals.send(&terminal, Message::QueryPosition), Err(SendError::Busy));
        assert!(matches!(newer.try_recv(), Ok(Order::Send(_, Message::QueryPosition))));
        assert!(terminals.detach(&terminal, &newer_link));
        assert_eq!(terminals.count(), 0);
    }
}
