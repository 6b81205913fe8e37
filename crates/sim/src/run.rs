//! A run of the whole county: devices that first send what they kept since the day before, then go on live.

use crate::clock::{self, Clock};
use crate::county::County;
use crate::county::export::{Roster, Table};
use crate::county::fleets::Fleet;
use crate::county::staff::Staff;
use crate::device::camera::{Camera, Servers};
use crate::device::fleet::Forwarder;
use crate::device::terminal::Terminal;
use crate::device::{Counts, World, pictures, scale};
use crate::noise::{self, NoiseRates};
use crate::officer;
use crate::picture::Painter;
use crate::provision::{Access, Api, ProvisionError};
use crate::traffic::{Passage, Rates, Traffic, truth};
use domain::time::{HOUR_MS, MINUTE_MS, SECOND_MS};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// What to run.
#[derive(Clone)]
pub struct Options {
    /// Seed of the county.
    pub seed: u64,
    /// Where the platform listens for cameras.
    pub servers: Servers,
    /// Base of the platform's API, when it is not the cameras'.
    pub api: String,
    /// The platform's listener for terminals: `host:port`.
    pub terminals: String,
    /// Its listener for other platforms by JT/T 809: `host:port`; there are none without.
    pub fleets: Option<String>,
    /// Where the cameras' own pictures are served, and under which base links name them.
    pub pictures: String,
    /// See `pictures`.
    pub picture_base: String,
    /// An administrator, for provisioning and for driving the clock.
    pub access: Option<Access>,
    /// How much traffic.
    pub rates: Rates,
    /// How much goes wrong.
    pub noise: NoiseRates,
    /// How many times as fast as the wall clock.
    pub speed: f64,
    /// Whether the platform takes its clock from here.
    pub drives_clock: bool,
    /// Where the simulation's time starts, Unix milliseconds; now when left out.
    pub start_ms: Option<i64>,
    /// Hours before the start that devices have kept.
    pub backfill_hours: u32,
    /// Whether to import the county first.
    pub provisions: bool,
    /// Password of the county's people; nobody but the administrator is made without one.
    pub staff_password: Option<String>,
    /// Whether they work by themselves; else somebody else works in their names.
    pub staff_works: bool,
    /// File to write what was planted to, a line of JSON each.
    pub truth: Option<PathBuf>,
    /// Stop after so much wall time.
    pub run_for: Option<Duration>,
}

/// Why a run could not begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Provisioning was asked for without an administrator.
    #[error("provisioning needs an administrator: a token, or name and password")]
    NoAdministrator,
    /// An HTTP client could not be set up.
    #[error("could not set up an HTTP client")]
    Client(#[from] reqwest::Error),
    /// The county could not be brought in, or the clock not be set.
    #[error("could not provision the platform")]
    Provision(#[from] ProvisionError),
    /// The picture server has no address.
    #[error("could not listen for pictures")]
    Pictures(#[from] std::io::Error),
    /// A part of the simulation panicked.
    #[error("a part of the simulation failed")]
    Task(#[from] tokio::task::JoinError),
}

/// What is handed to the cameras at once while catching up. A day of a county is 25 MB in their memories.
const PIECE_MS: i64 = 10 * MINUTE_MS;
const LIVE_TICK: Duration = Duration::from_millis(200);
const PROGRESS: Duration = Duration::from_secs(5);
/// Terminals that begin each second: a whole county's do not connect in one instant.
const TERMINALS_PER_S: u32 = 400;

/// The checkpoint whose camera tries whether imported devices are let in, how often, and for how long.
const SCOUT: u16 = 0;
const SCOUT_PAUSE: Duration = Duration::from_millis(500);
const KNOWN_WITHIN: Duration = Duration::from_secs(30);
/// A platform may take so long to list a device that it refused.
const LISTED_WITHIN: Duration = Duration::from_millis(1_500);

/// Runs until `run_for` is over, or for ever.
#[expect(clippy::too_many_lines, reason = "everything that runs, in the order in which it begins")]
pub async fn run(options: Options) -> Result<(), RunError> {
    let day = domain::Timestamp::from_unix_ms(options.start_ms.unwrap_or_else(clock::wall_ms)).beijing_day();
    let seed = options.seed;
    let county = Arc::new(tokio::task::spawn_blocking(move || County::generate(seed, day)).await?);
    tracing::info!(checkpoints = county.checkpoints.len(), sections = county.sections.len(), "county made");
    let api = options.access.clone().map(|access| Api::new(&options.api, access)).transpose()?;
    if let (Some(api), true) = (&api, options.drives_clock) {
        // What is imported is dated by this clock.
        api.set_clock(options.start_ms.unwrap_or_else(clock::wall_ms)).await?;
    }
    if options.provisions {
        let api = api.as_ref().ok_or(RunError::NoAdministrator)?;
        provision(api, &county, &options).await?;
    }
    // Making and importing took a while: the simulation's time starts now.
    let start_ms = options.start_ms.unwrap_or_else(clock::wall_ms);
    if let (Some(api), true) = (&api, options.drives_clock) {
        api.set_clock(start_ms).await?;
    }
    let listener = TcpListener::bind(&options.pictures).await?;
    let picture_base = match options.picture_base.as_str() {
        "" => format!("http://{}", listener.local_addr()?),
        base => base.trim_end_matches('/').to_owned(),
    };
    let world = Arc::new(World {
        painter: Painter::new(county.clone()),
        traffic: Traffic::new(county.clone(), options.rates),
        noise: options.noise,
        clock: Clock::new(start_ms, options.speed),
        county,
        picture_base,
        counts: Counts::default(),
    });
    let since_ms = start_ms - i64::from(options.backfill_hours) * HOUR_MS;
    tokio::spawn(pictures::serve(listener, world.clone()));
    let api = api.map(Arc::new);
    if let (Some(api), true) = (&api, options.drives_clock) {
        tokio::spawn(drive_clock(world.clone(), api.clone()));
    }
    if let (Some(api), true) = (&api, options.provisions) {
        wait_until_known(&world, api, &options.servers).await?;
    }
    if let Some(path) = options.truth.clone() {
        tokio::spawn(write_truth(world.clone(), path, since_ms));
    }
    tokio::spawn(start_terminals(world.clone(), options.terminals.clone(), since_ms));
    if let Some(server) = options.fleets.clone() {
        tokio::spawn(start_fleets(world.clone(), server, since_ms));
    }
    let cameras = start_cameras(&world, &options.servers)?;
    let scales = api.clone().map(|api| {
        let (sender, receiver) = mpsc::channel(scale::WAITING_MAX);
        tokio::spawn(scale::run(world.clone(), api, receiver));
        sender
    });
    if let Some(password) = options.staff_password.clone().filter(|_| options.staff_works) {
        let (at_work, api) = (world.clone(), options.api.clone());
        tokio::spawn(async move {
            let clock = at_work.clone();
            let worked =
                officer::work(&api, at_work.county.clone(), &password, move || clock.clock.now_ms()).await;
            if let Err(error) = worked {
                tracing::warn!(%error, "the county's people can't work");
            }
        });
    }
    let feed = tokio::spawn(feed(world.clone(), cameras, scales, since_ms));
    tokio::spawn(progress(world, options.backfill_hours));
    match options.run_for {
        Some(wall) => match tokio::time::timeout(wall, feed).await {
            Err(_) => Ok(()),
            Ok(ended) => Ok(ended?),
        },
        None => Ok(feed.await?),
    }
}

/// Brings in what a platform needs to know of the county.
async fn provision(api: &Api, county: &County, options: &Options) -> Result<(), ProvisionError> {
    let roster = Roster {
        terminals: options.rates.terminal_count(),
        has_isapi: options.servers.isapi.is_some(),
        has_dahua: options.servers.dahua.is_some(),
        has_fleets: options.fleets.is_some(),
    };
    for table in Table::ALL {
        let done = api.import(county, table, &roster).await?;
        tracing::info!(table = table.key(), done.rows, done.accepted, done.rejected, "imported");
    }
    api.put_map(county).await?;
    tracing::info!("map put");
    match api.put_zones(county).await? {
        0 => tracing::warn!("the platform has no zones: bans and corridors are not judged"),
        zones => tracing::info!(zones, "zones put"),
    }
    let staff = Staff::of(county);
    let units = api.put_units(&staff.units).await?;
    tracing::info!(units = units.len(), "units put");
    let owned = api.import(county, Table::CheckpointsOfSquads, &roster).await?;
    tracing::info!(owned.accepted, owned.rejected, "checkpoints given to squads");
    let Some(password) = &options.staff_password else { return Ok(()) };
    let now_ms = options.start_ms.unwrap_or_else(clock::wall_ms);
    let people = api.put_people(&staff, &units, password, now_ms).await?;
    tracing::info!(people, "people put");
    let posts = api.put_posts(county, &staff, &units).await?;
    tracing::info!(posts, "posts put");
    Ok(())
}

/// Waits, within a bound, until the platform lets in what was just imported, so that it refuses no device of the county:
/// one camera tries for all, and is taken off the list of refused devices when it got there.
pub async fn wait_until_known(
    world: &Arc<World>,
    api: &Api,
    servers: &Servers,
) -> Result<(), reqwest::Error> {
    let scout = Camera::new(world.clone(), SCOUT, servers)?;
    let mut was_refused = false;
    let known = async {
        while let Err(error) = scout.register().await {
            tracing::debug!(%error, "devices not known yet");
            was_refused = true;
            tokio::time::sleep(SCOUT_PAUSE).await;
        }
    };
    if tokio::time::timeout(KNOWN_WITHIN, known).await.is_err() {
        // Each device tries on by itself.
        tracing::warn!("the platform does not let the imported devices in yet");
        return Ok(());
    }
    if was_refused {
        tokio::time::sleep(LISTED_WITHIN).await;
        let camera = &world.county.checkpoints[usize::from(SCOUT)].camera_id;
        if let Err(error) = api.dismiss_camera(camera).await {
            tracing::warn!(%error, camera, "still on the list of refused devices");
        }
    }
    tracing::info!("devices known");
    Ok(())
}

type Cameras = Vec<mpsc::UnboundedSender<Vec<Passage>>>;

fn start_cameras(world: &Arc<World>, servers: &Servers) -> Result<Cameras, reqwest::Error> {
    (0..world.county.checkpoints.len() as u16)
        .map(|checkpoint| {
            let (sender, receiver) = mpsc::unbounded_channel();
            tokio::spawn(Camera::new(world.clone(), checkpoint, servers)?.run(receiver));
            Ok(sender)
        })
        .collect()
}

async fn start_terminals(world: Arc<World>, server: String, since_ms: i64) {
    let mut pace = tokio::time::interval(Duration::from_secs(1) / TERMINALS_PER_S);
    for vehicle in 0..world.traffic.rates.terminal_count() as u32 {
        pace.tick().await;
        let (world, server) = (world.clone(), server.clone());
        tokio::spawn(async move { Terminal::new(world, vehicle, &server, since_ms).run().await });
    }
}

/// Other platforms, with the tours of their vehicles made beside what serves the sockets.
async fn start_fleets(world: Arc<World>, server: String, since_ms: i64) {
    for fleet in Fleet::of(&world.county) {
        let (world, server) = (world.clone(), server.clone());
        let made = tokio::task::spawn_blocking(move || Forwarder::new(world, fleet, &server, since_ms));
        if let Ok(forwarder) = made.await {
            tokio::spawn(forwarder.run());
        }
    }
}

/// Gives each camera what it sees: in pieces until the present is reached, then as it happens.
async fn feed(world: Arc<World>, cameras: Cameras, scales: Option<mpsc::Sender<Passage>>, since_ms: i64) {
    let mut from_ms = since_ms;
    let mut live = tokio::time::interval(LIVE_TICK);
    live.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let to_ms = (from_ms + PIECE_MS).min(world.clock.now_ms());
        if to_ms > from_ms {
            let generate = {
                let world = world.clone();
                // A new day's plan takes a second or two.
                move || seen(&world, from_ms, to_ms)
            };
            let Ok(pieces) = tokio::task::spawn_blocking(generate).await else { return };
            if let Some(scales) = &scales {
                let weighed = pieces.iter().flatten().filter(|passage| passage.load_percent > 0);
                // What a scale cannot get rid of is not weighed: it keeps nothing.
                weighed.for_each(|passage| {
                    if scales.try_send(*passage).is_err() {
                        tracing::debug!(checkpoint = passage.checkpoint, "weighing lost");
                    }
                });
            }
            for (camera, piece) in cameras.iter().zip(pieces) {
                if !piece.is_empty() && camera.send(piece).is_err() {
                    return;
                }
            }
            from_ms = to_ms;
        }
        if world.clock.now_ms() - from_ms < PIECE_MS {
            live.tick().await;
        }
    }
}

/// What each camera sees in a window, doubled reports and all.
fn seen(world: &World, from_ms: i64, to_ms: i64) -> Vec<Vec<Passage>> {
    let mut pieces = vec![Vec::new(); world.county.checkpoints.len()];
    for passage in world.traffic.passages(from_ms, to_ms) {
        let piece = &mut pieces[passage.checkpoint as usize];
        piece.push(passage);
        if noise::is_doubled(&world.county, &world.noise, &passage) {
            piece.push(passage);
        }
    }
    pieces
}

/// Sets the platform's clock each simulated second, at most 20 times a second of the wall.
async fn drive_clock(world: Arc<World>, api: Arc<Api>) {
    let pause = world.clock.wall(SECOND_MS).max(Duration::from_millis(50));
    loop {
        if let Err(error) = api.set_clock(world.clock.now_ms()).await {
            tracing::warn!(%error, "clock not set");
        }
        tokio::time::sleep(pause).await;
    }
}

/// Appends what was planted, hour by hour, when the hour is over.
async fn write_truth(world: Arc<World>, path: PathBuf, since_ms: i64) {
    let mut from_ms = since_ms;
    loop {
        let to_ms = from_ms + HOUR_MS;
        // Not before the plan of the hour is certain to be what the devices send.
        let ready_ms = to_ms + MINUTE_MS;
        let now_ms = world.clock.now_ms();
        if now_ms < ready_ms {
            tokio::time::sleep(world.clock.wall(ready_ms - now_ms)).await;
        }
        let (at, file) = (world.clone(), path.clone());
        let append = move || append_truth(&at.traffic, &at.noise, &file, from_ms, to_ms);
        match tokio::task::spawn_blocking(append).await {
            Ok(Ok(())) => from_ms = to_ms,
            Ok(Err(error)) => {
                tracing::warn!(%error, path = %path.display(), "truth not written");
                return;
            }
            Err(_) => return,
        }
    }
}

/// Appends what was planted in a window as lines of JSON.
pub fn append_truth(
    traffic: &Traffic,
    rates: &NoiseRates,
    path: &Path,
    from_ms: i64,
    to_ms: i64,
) -> std::io::Result<()> {
    let file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
    let mut out = std::io::BufWriter::new(file);
    for truth in truth::of_window(traffic, rates, from_ms, to_ms) {
        serde_json::to_writer(&mut out, &truth)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

async fn progress(world: Arc<World>, backfill_hours: u32) {
    let counts = &world.counts;
    let mut tick = tokio::time::interval(PROGRESS);
    let (mut passages, mut positions) = (0, 0);
    tick.tick().await;
    loop {
        tick.tick().await;
        let now = (Counts::get(&counts.passages), Counts::get(&counts.positions));
        let per_s = |new: u64, old: u64| (new - old) / PROGRESS.as_secs();
        tracing::info!(
            time = clock::rfc3339(world.clock.now_ms()),
            backfill_hours,
            passages = now.0,
            passages_per_s = per_s(now.0, passages),
            positions = now.1,
            positions_per_s = per_s(now.1, positions),
            forwarded = Counts::get(&counts.forwarded),
            cameras = Counts::get(&counts.cameras),
            fleets = Counts::get(&counts.fleets),
            terminals = Counts::get(&counts.terminals),
            terminals_live = Counts::get(&counts.terminals_live),
            refused = Counts::get(&counts.passages_refused),
            lost = Counts::get(&counts.passages_lost),
            retries = Counts::get(&counts.retries),
            "county at work"
        );
        (passages, positions) = now;
    }
}
