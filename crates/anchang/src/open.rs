//! Opening what is kept: the data folder's lock, secret, records and journals; and on the first start the administrator.

use crate::catalogue::open_history;
use crate::config::{ClockKind, Config};
use crate::judging::Task;
use crate::{files, secret};
use anyhow::{Context, bail};
use api::{App, Board, Hub, Names, Progress, REPLAYS_WAITING_MAX};
use arc_swap::ArcSwap;
use domain::Timestamp;
use gateway::{Clock, Intake, Presence};
use journal::Journal;
use records::{FIRST_ADMINISTRATOR, Records};
use std::fs::{DirBuilder, File, TryLockError};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Where the addresses are written that are listened at, for tools and for port 0; there while the process serves.
pub(crate) const ADDRESSES_FILE: &str = "addresses.json";
/// How long a camera may take to hand out a picture.
const FETCH: Duration = Duration::from_secs(10);

/// Everything that is open.
pub(crate) struct Opened {
    pub(crate) app: Arc<App>,
    pub(crate) secret: [u8; 32],
    /// What judging is given.
    pub(crate) task: Task,
    /// Locked until dropped, so that nobody else opens the same folder.
    pub(crate) lock: File,
}

/// Opens everything in the data folder, which is made when there is none.
#[expect(clippy::too_many_lines, reason = "everything that is kept, one after the other")]
pub(crate) async fn open(config: &Config) -> anyhow::Result<Opened> {
    let dir = &config.data_dir;
    let (parameters, fingerprint) = config.models.load()?;
    let calibration = config.models.load_calibration()?;
    let (ask_replay, replays) = tokio::sync::mpsc::channel(REPLAYS_WAITING_MAX);
    // Number plates, pictures and credentials: nobody else on the machine may look.
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .with_context(|| format!("could not create the data folder {}", dir.display()))?;
    let lock = lock(dir)?;
    // A process that was killed leaves it behind, and nobody listens there now.
    files::remove_if_there(&dir.join(ADDRESSES_FILE)).context("could not remove the old addresses")?;
    let secret = secret::load_or_create(&dir.join("secret"))?;
    let clock = match config.clock {
        ClockKind::System => Clock::System,
        // Stands at the epoch until it is driven.
        ClockKind::Driven => Clock::driven(Timestamp::default()),
    };
    let now = clock.now();
    let metrics = metrics_exporter_prometheus::PrometheusBuilder::new()
        .install_recorder()
        .context("could not install the metrics")?;
    let records = Records::open(dir.join("records.db")).await?;
    let observations = open_journal(&dir.join("journal"), config.journal.options())?;
    let pictures = open_journal(&dir.join("pictures"), config.pictures.options())?;
    let archive = Arc::new(open_history(&records, dir.join("history")).await?);
    make_first_administrator(&records, dir, now).await?;
    let limits = Arc::new(config.limits.clone());
    let intake = Intake::new(observations.clone(), pictures.clone(), clock.clone(), limits.recent_ids_max);
    let interrupted = records.interrupt_jobs(now).await?;
    if interrupted > 0 {
        tracing::warn!(interrupted, "jobs that the last end cut off");
    }
    let jobs = dir.join("jobs");
    api::job::clear_interrupted(&records, &jobs).await?;
    let changed = Arc::new(tokio::sync::Notify::new());
    let ring = changed.clone();
    let exchange = platform::Exchange::new(
        platform::Stores {
            records: records.clone(),
            observations: observations.clone(),
            pictures: pictures.clone(),
        },
        clock.clone(),
        config.server_id.clone(),
        &secret,
        config.platforms.options(),
        move || ring.notify_one(),
    )
    .context("could not make the client of other platforms")?;
    let app = App {
        records,
        observations,
        intake,
        pictures,
        archive,
        board: Arc::new(Board::new(now)),
        hub: Hub::default(),
        presence: Arc::new(Presence::default()),
        clock,
        limits,
        models: parameters.describe(),
        parameters: Arc::new(parameters.clone()),
        map: config.map.clone(),
        data_dir: dir.clone(),
        started_at: now,
        progress: Progress::default(),
        names: ArcSwap::from_pointee(Names::default()),
        health: ArcSwap::default(),
        replays: ask_replay,
        key_classes: ArcSwap::default(),
        changed,
        metrics,
        seen: gateway::file::Seen::open(dir.join("seen"))
            .context("could not open the index of what was seen")?,
        synonyms: Arc::new(config.synonyms()?),
        addresses: ArcSwap::default(),
        jobs: api::Jobs::new(jobs),
        exchange: Arc::new(exchange),
        fetcher: fetcher().context("could not make the client that fetches pictures")?,
        onward: api::OnwardBook::new(crate::onward::restored(dir)),
        orders: api::Orders::default(),
        case_files: config.case_files()?,
        push: config.push.clone(),
        office: ArcSwap::default(),
        public_gate: api::PublicGate::default(),
        units: ArcSwap::default(),
        refusals: api::Refusals::default(),
        sign_ins: api::SignIns::default(),
        security: ArcSwap::default(),
        seal: platform::Seal::new(&secret),
    };
    app.load_names().await?;
    app.load_units().await?;
    app.load_office().await?;
    app.load_orders().await?;
    app.load_security().await?;
    app.ensure_push_key().await.context("could not make the key of web push")?;
    let app = Arc::new(app);
    let task = Task {
        app: app.clone(),
        intake: app.intake.clone(),
        parameters,
        fingerprint,
        calibration,
        replays,
        snapshot_period: Duration::from_millis(config.snapshot_period_ms),
        threads: crate::crew::thread_count(config.judging_threads),
        runtime: tokio::runtime::Handle::current(),
    };
    Ok(Opened { app, secret, task, lock })
}

/// Takes the folder for this process.
fn lock(dir: &Path) -> anyhow::Result<File> {
    let path = dir.join("lock");
    let file = File::create(&path).with_context(|| format!("could not create {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => bail!(
            "数据目录 {dir} 正被另一个 anchang 进程使用 / another anchang is running on the data folder {dir}",
            dir = dir.display()
        ),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("could not lock {}", path.display()))
        }
    }
}

fn open_journal(dir: &Path, options: journal::Options) -> anyhow::Result<Arc<Journal>> {
    let (journal, _) = Journal::open(dir, options)
        .with_context(|| format!("could not open the journal {}", dir.display()))?;
    Ok(Arc::new(journal))
}

/// On the first start: shows the administrator's one-time password, and keeps it in a file for who didn't see it.
async fn make_first_administrator(records: &Records, dir: &Path, now: Timestamp) -> anyhow::Result<()> {
    let Some(password) = records.ensure_first_administrator(now).await? else { return Ok(()) };
    let text = format!(
        "首次启动：用户名 {FIRST_ADMINISTRATOR}，一次性密码 {password}（首次登录后须修改，此后本行即失效）\n\
         First start: user {FIRST_ADMINISTRATOR}, one-time password {password} (to be changed at the first login, useless after it)\n",
        password = password.reveal()
    );
    let path = dir.join("first-administrator.txt");
    files::replace_private(&path, text.as_bytes())
        .with_context(|| format!("could not write {}", path.display()))?;
    #[expect(clippy::print_stdout, reason = "it is shown to whoever starts the program, and is in no log")]
    {
        print!("{text}");
    }
    Ok(())
}

/// Cameras are in the county's own network: no proxy, and nobody is sent elsewhere.
fn fetcher() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder().timeout(FETCH).no_proxy().redirect(reqwest::redirect::Policy::none()).build()
}
