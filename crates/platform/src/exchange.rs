//! All platforms together: which tasks run for whom, and the state of each link.

use crate::desk::answer;
use crate::link::{Link, Login, http_client};
use crate::seal::Seal;
use crate::{LinkError, LinkState, Probe, deliver, keep, sighting};
use domain::{CheckpointId, DeviceId};
use gateway::question::Question;
use gateway::{Clock, Shutdown};
use journal::Journal;
use records::{Direction, ExchangeState, Platform, Records, StoreError, Subscription};
use smol_str::{SmolStr, format_smolstr};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;

/// How often everything is looked at, changed or not: ends come by themselves.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// After this much waiting the next attempt is not delayed further.
pub(crate) const RETRY_FIRST: Duration = Duration::from_secs(1);

/// How links are kept.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Between two signs of life (GA/T 1400.4: 10–90 s).
    pub keepalive: Duration,
    /// Longest wait between two attempts.
    pub retry_max: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { keepalive: Duration::from_secs(30), retry_max: Duration::from_mins(1) }
    }
}

/// Where everything is kept.
pub struct Stores {
    /// Platforms, subscriptions, dispositions.
    pub records: Records,
    /// What is passed on.
    pub observations: Arc<Journal>,
    /// The pictures of it.
    pub pictures: Arc<Journal>,
}

/// What all tasks share; one a process.
pub struct Exchange {
    pub(crate) records: Records,
    pub(crate) observations: Arc<Journal>,
    pub(crate) pictures: Arc<Journal>,
    pub(crate) clock: Clock,
    /// Our 20 digits.
    pub(crate) server_id: SmolStr,
    /// For passwords at rest.
    pub seal: Seal,
    pub(crate) options: Options,
    http: reqwest::Client,
    /// Where our own interface listens.
    listener: OnceLock<SocketAddr>,
    links: Mutex<HashMap<DeviceId, Arc<Link>>>,
    /// Rung when platforms, subscriptions or dispositions changed.
    changed: Notify,
    /// Rung when watch orders changed: the outbox is to be looked at.
    pub(crate) orders_changed: Box<dyn Fn() + Send + Sync>,
}

impl Exchange {
    /// `orders_changed` is called when a watch order was stored or withdrawn here.
    pub fn new(
        stores: Stores,
        clock: Clock,
        server_id: SmolStr,
        secret: &[u8; 32],
        options: Options,
        orders_changed: impl Fn() + Send + Sync + 'static,
    ) -> reqwest::Result<Self> {
        let Stores { records, observations, pictures } = stores;
        Ok(Self {
            records,
            observations,
            pictures,
            clock,
            server_id,
            seal: Seal::new(secret),
            options,
            http: http_client()?,
            listener: OnceLock::new(),
            links: Mutex::default(),
            changed: Notify::new(),
            orders_changed: Box::new(orders_changed),
        })
    }

    /// Our 20 digits.
    pub fn server_id(&self) -> &str {
        &self.server_id
    }

    /// Platforms, subscriptions or dispositions changed.
    pub fn changed(&self) {
        self.changed.notify_one();
    }

    /// How the link to a platform does.
    pub fn link_state(&self, id: &DeviceId) -> LinkState {
        self.lock().get(id).map(|link| link.state()).unwrap_or_default()
    }

    /// Offset of the journal up to which a subscriber could have everything.
    pub fn journal_end(&self) -> u64 {
        self.observations.end().get()
    }

    /// Tries a platform as it would be stored.
    pub async fn probe(&self, base_url: &str, username: &str, password: &str) -> Result<Probe, LinkError> {
        let login = Login { username: username.into(), password: password.into() };
        self.link_to(base_url, Some(login)).probe().await
    }

    fn link_to(&self, base_url: &str, login: Option<Login>) -> Link {
        Link::new(self.http.clone(), &self.server_id, base_url, login, self.clock.clone())
    }

    /// Where a platform reaches our interface: as configured, or the address of ours from which it is reached.
    pub(crate) fn receive_url(&self, platform: &Platform) -> Option<SmolStr> {
        if !platform.receive_url.is_empty() {
            return Some(platform.receive_url.trim_end_matches('/').into());
        }
        let listener = self.listener.get()?;
        let url: http::Uri = platform.base_url.parse().ok()?;
        // Nothing is sent: a datagram socket that is connected knows its own address.
        let socket = UdpSocket::bind(("0.0.0.0", 0)).ok()?;
        socket.connect((url.host()?, url.port_u16().unwrap_or(80))).ok()?;
        let own = socket.local_addr().ok()?.ip();
        Some(format_smolstr!("http://{own}:{}", listener.port()))
    }

    /// Works until `shutdown`; `listener` is where our interface listens, `questions` what platforms ask there.
    pub async fn run(
        self: Arc<Self>,
        listener: SocketAddr,
        mut questions: mpsc::Receiver<Question>,
        mut shutdown: Shutdown,
    ) {
        self.listener.get_or_init(|| listener);
        let mut tasks = Tasks::default();
        loop {
            if let Err(error) = self.tend(&mut tasks, &shutdown).await {
                tracing::error!(%error, "could not look after the other platforms");
            }
            loop {
                tokio::select! {
                    () = ended(&mut shutdown) => {
                        tasks.end().await;
                        return;
                    }
                    question = questions.recv() => match question {
                        Some(question) => answer(&self, question).await,
                        None => ended(&mut shutdown).await,
                    },
                    () = self.changed.notified() => break,
                    () = tokio::time::sleep(LOOK_EVERY) => break,
                }
            }
        }
    }

    /// Makes the tasks that should run, run; and no others.
    async fn tend(self: &Arc<Self>, tasks: &mut Tasks, shutdown: &Shutdown) -> Result<(), StoreError> {
        let platforms = self.records.all_platforms().await?;
        let subscriptions = self.records.subscriptions(None).await?;
        let mut wanted = BTreeSet::new();
        for platform in platforms.iter().filter(|platform| platform.is_enabled) {
            let key = TaskKey::Platform(platform.id.clone());
            wanted.insert(key.clone());
            let fingerprint = print_of(platform);
            if tasks.is_running(&key, &fingerprint) {
                tasks.ring(&key);
            } else {
                let link = Arc::new(self.link_to(&platform.base_url, self.login(platform)));
                self.lock().insert(platform.id.clone(), link.clone());
                let (ring, rung) = watch::channel(());
                let (exchange, platform, shutdown) = (self.clone(), platform.clone(), shutdown.clone());
                let sightings = sighting::run(self.clone(), platform.clone(), link.clone(), shutdown.clone());
                let keeping = keep::run(exchange, platform, link, rung, shutdown);
                let task = tokio::spawn(async { tokio::join!(keeping, sightings) });
                tasks.put(key, fingerprint, Some(ring), task);
            }
        }
        for (subscription, platform) in deliveries(&subscriptions, &platforms) {
            let key = TaskKey::Delivery(platform.id.clone(), subscription.id.clone());
            wanted.insert(key.clone());
            let hidden = self.hidden_from(platform).await?;
            let fingerprint = format!(
                "{}{:?}{}{}{hidden:?}",
                print_of(platform),
                subscription.resources,
                subscription.receive_addr,
                subscription.with_pictures,
            ) + &subscription.end_at.unix_ms().to_string();
            if !tasks.is_running(&key, &fingerprint) {
                // Before another one begins where the records say: two would send everything twice.
                tasks.stop(&key).await;
                let fresh = self.records.subscription(&platform.id, Direction::In, &subscription.id).await?;
                let Some(subscription) = fresh else { continue };
                let link = self.lock().get(&platform.id).cloned();
                let Some(link) = link else { continue };
                let filter = deliver::Filter::new(self, platform, &subscription, hidden);
                let task = deliver::run(self.clone(), link, subscription, filter, shutdown.clone());
                tasks.put(key, fingerprint, None, tokio::spawn(async { (task.await, ()) }));
            }
        }
        tasks.keep_only(&wanted);
        let is_known = |id: &DeviceId| wanted.contains(&TaskKey::Platform(id.clone()));
        self.lock().retain(|id, _| is_known(id));
        Ok(())
    }

    /// Our checkpoints that are not passed on to a platform although its scope has them: its own, of which it knows, and
    /// under "all of ours" those of any other platform.
    async fn hidden_from(&self, platform: &Platform) -> Result<BTreeSet<CheckpointId>, StoreError> {
        let tollgates = self.records.tollgates(None).await?;
        Ok(platform.foreign_tollgates(&tollgates).cloned().collect())
    }

    fn login(&self, platform: &Platform) -> Option<Login> {
        let (username, sealed) = platform.out.as_ref()?;
        let password = self.seal.open(&platform.id, sealed)?;
        Some(Login { username: username.clone(), password })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<DeviceId, Arc<Link>>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A text that changes when anything about a platform does; `Debug` leaves the secrets out.
fn print_of(platform: &Platform) -> String {
    format!("{platform:?}{:?}", platform.out.as_ref().map(|(_, sealed)| &sealed.0))
}

/// Their subscriptions that something is to be passed on for.
fn deliveries<'a>(
    subscriptions: &'a [Subscription],
    platforms: &'a [Platform],
) -> impl Iterator<Item = (&'a Subscription, &'a Platform)> {
    let platforms: BTreeMap<_, _> =
        platforms.iter().filter(|one| one.is_enabled).map(|one| (&one.id, one)).collect();
    subscriptions
        .iter()
        .filter(|one| one.direction == Direction::In && one.state == ExchangeState::InForce)
        .filter_map(move |one| platforms.get(&one.platform).map(|platform| (one, *platform)))
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum TaskKey {
    Platform(DeviceId),
    Delivery(DeviceId, SmolStr),
}

struct Task {
    fingerprint: String,
    ring: Option<watch::Sender<()>>,
    handle: JoinHandle<((), ())>,
}

/// The tasks that run.
#[derive(Default)]
struct Tasks {
    running: BTreeMap<TaskKey, Task>,
}

impl Tasks {
    fn is_running(&self, key: &TaskKey, fingerprint: &str) -> bool {
        let task = self.running.get(key);
        task.is_some_and(|task| task.fingerprint == fingerprint && !task.handle.is_finished())
    }

    fn ring(&self, key: &TaskKey) {
        if let Some(ring) = self.running.get(key).and_then(|task| task.ring.as_ref()) {
            ring.send_replace(());
        }
    }

    fn put(
        &mut self,
        key: TaskKey,
        fingerprint: String,
        ring: Option<watch::Sender<()>>,
        handle: JoinHandle<((), ())>,
    ) {
        if let Some(old) = self.running.insert(key, Task { fingerprint, ring, handle }) {
            old.handle.abort();
        }
    }

    async fn stop(&mut self, key: &TaskKey) {
        if let Some(task) = self.running.remove(key) {
            task.handle.abort();
            // Whether it was cut off or ended makes no difference: it is gone.
            drop(task.handle.await);
        }
    }

    fn keep_only(&mut self, wanted: &BTreeSet<TaskKey>) {
        self.running.retain(|key, task| {
            let is_wanted = wanted.contains(key);
            if !is_wanted {
                task.handle.abort();
            }
            is_wanted
        });
    }

    /// The tasks were told to end; they do so between two requests.
    async fn end(&mut self) {
        for (_, task) in std::mem::take(&mut self.running) {
            let abort = task.handle.abort_handle();
            if tokio::time::timeout(Duration::from_secs(2), task.handle).await.is_err() {
                abort.abort();
            }
        }
    }
}

/// Resolves when the process is to end.
pub(crate) async fn ended(shutdown: &mut Shutdown) {
    // Without a sender nobody can say otherwise any more.
    drop(shutdown.wait_for(|is_ending| *is_ending).await);
}

/// Waits longer after each failure in a row, up to a bound.
pub(crate) struct Patience {
    next: Duration,
    max: Duration,
}

impl Patience {
    pub(crate) fn new(max: Duration) -> Self {
        Self { next: RETRY_FIRST.min(max), max }
    }

    pub(crate) fn next(&mut self) -> Duration {
        let wait = self.next;
        self.next = (wait * 2).min(self.max);
        wait
    }

    pub(crate) fn reset(&mut self) {
        self.next = RETRY_FIRST.min(self.max);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_grows_to_its_bound_and_begins_anew() {
        let mut patience = Patience::new(Duration::from_secs(5));
        let waits: Vec<u64> = (0..5).map(|_| patience.next().as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 5, 5]);
        patience.reset();
        assert_eq!(patience.next(), RETRY_FIRST);
    }
}
