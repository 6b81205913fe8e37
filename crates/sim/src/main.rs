//! `sim`: makes the county, runs its devices against a platform, loads a platform.

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use domain::CivilDay;
use domain::time::DAY_MS;
use sim::clock::{self, Clock};
use sim::county::{County, export, vehicles};
use sim::device::camera::Servers;
use sim::device::{Counts, World};
use sim::load;
use sim::noise::NoiseRates;
use sim::picture::Painter;
use sim::provision::Access;
use sim::run;
use sim::traffic::{Rates, Traffic};
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// A simulated county of one million people, over real sockets.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write the county's tables (CSV) and maps (GeoJSON).
    County {
        #[command(flatten)]
        county: CountyArguments,
        /// Folder to write to.
        #[arg(long)]
        out: PathBuf,
    },
    /// Write what is planted on one day, a line of JSON each.
    Truth {
        #[command(flatten)]
        county: CountyArguments,
        #[command(flatten)]
        traffic: TrafficArguments,
        /// File to append to.
        #[arg(long)]
        out: PathBuf,
    },
    /// Run the county's devices against a platform: first what they kept, then live.
    Run(Box<RunArguments>),
    /// Load a platform.
    #[command(subcommand)]
    Load(Load),
}

#[derive(Args)]
struct CountyArguments {
    /// What the county is made from.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// The day of the register, such as 2026-11-23; today when left out.
    #[arg(long)]
    date: Option<String>,
}

impl CountyArguments {
    fn day(&self) -> anyhow::Result<CivilDay> {
        match &self.date {
            Some(text) => CivilDay::parse(text).context("the date has the form 2026-11-23"),
            None => Ok(domain::Timestamp::from_unix_ms(clock::wall_ms()).beijing_day()),
        }
    }
}

#[derive(Args)]
struct TrafficArguments {
    /// Share of the vehicles that take part: 1 is about a million passages a day.
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// Factor on the planted offences.
    #[arg(long, default_value_t = 1.0)]
    offences: f64,
    /// Share of plates misread by day.
    #[arg(long, default_value_t = NoiseRates::default().misread_day)]
    misread_day: f64,
    /// Share of plates misread by night.
    #[arg(long, default_value_t = NoiseRates::default().misread_night)]
    misread_night: f64,
    /// Largest error of the cameras' clocks in ms.
    #[arg(long, default_value_t = NoiseRates::default().clock_error_ms)]
    clock_error_ms: i64,
    /// Share of passages sent twice.
    #[arg(long, default_value_t = NoiseRates::default().doubled)]
    doubled: f64,
    /// Share of camera days with a network cut.
    #[arg(long, default_value_t = NoiseRates::default().cut)]
    cut: f64,
}

impl TrafficArguments {
    fn rates(&self) -> Rates {
        Rates { scale: self.scale, offences: self.offences, ..Rates::default() }
    }

    fn noise(&self) -> NoiseRates {
        NoiseRates {
            misread_day: self.misread_day,
            misread_night: self.misread_night,
            clock_error_ms: self.clock_error_ms,
            doubled: self.doubled,
            cut: self.cut,
            ..NoiseRates::default()
        }
    }
}

#[derive(Args)]
struct RunArguments {
    /// What the county is made from.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    #[command(flatten)]
    traffic: TrafficArguments,
    /// Where cameras post: http://host:port.
    #[arg(long)]
    server: String,
    /// Where the API is, when not with the cameras: http://host:port.
    #[arg(long)]
    api: Option<String>,
    /// Where terminals connect: host:port.
    #[arg(long)]
    terminals: String,
    /// Where cameras of Hikvision post their notices: http://host:port. They speak GA/T 1400 when left out.
    #[arg(long)]
    isapi: Option<String>,
    /// Where cameras of Dahua post their notices: http://host:port. They speak GA/T 1400 when left out.
    #[arg(long)]
    dahua: Option<String>,
    /// Where other platforms forward positions by JT/T 809: host:port. There are none when left out.
    #[arg(long)]
    fleets: Option<String>,
    /// An administrator's token, for --provision and --drive-clock.
    #[arg(long, conflicts_with = "token_file")]
    admin_token: Option<String>,
    /// File with that token.
    #[arg(long)]
    token_file: Option<PathBuf>,
    /// An administrator's name, with --password-file in place of a token: for runs that outlive a session.
    #[arg(long, default_value = "admin")]
    username: String,
    /// File with their password.
    #[arg(long, conflicts_with_all = ["admin_token", "token_file"])]
    password_file: Option<PathBuf>,
    /// Import the county's tables and maps first.
    #[arg(long)]
    provision: bool,
    /// File with the password that the county's people get when provisioned; without it only their units are made.
    #[arg(long)]
    staff_password_file: Option<PathBuf>,
    /// Leave the work to others: the county's people have accounts and posts, and do nothing by themselves.
    #[arg(long, requires = "staff_password_file")]
    staff_idle: bool,
    /// Hours of the past that the devices have kept.
    #[arg(long, default_value_t = 24)]
    backfill_hours: u32,
    /// How many times as fast as the wall clock.
    #[arg(long, default_value_t = 1.0)]
    speed: f64,
    /// Drive the platform's clock with ours.
    #[arg(long)]
    drive_clock: bool,
    /// The day at whose midnight the simulation's time starts; now when left out.
    #[arg(long)]
    start: Option<String>,
    /// Address of the cameras' picture server.
    #[arg(long, default_value = "127.0.0.1:8908")]
    pictures: String,
    /// Base of the links to it, when others reach it by another name.
    #[arg(long, default_value = "")]
    picture_base: String,
    /// File to append what is planted to.
    #[arg(long)]
    truth: Option<PathBuf>,
    /// Stop after so many seconds.
    #[arg(long)]
    run_seconds: Option<u64>,
}

#[derive(Subcommand)]
enum Load {
    /// Passages as fast as they are answered.
    Gat1400(PassageLoadArguments),
    /// Passages at a steady rate.
    Live {
        #[command(flatten)]
        passages: PassageLoadArguments,
        /// Passages a second.
        #[arg(long, default_value_t = 5_000.0)]
        rate: f64,
    },
    /// Connections of terminals.
    Connections {
        /// Where terminals connect: host:port.
        #[arg(long)]
        terminals: String,
        /// How many.
        #[arg(long, default_value_t = 5_000)]
        count: usize,
        /// How long they are held.
        #[arg(long, default_value_t = 30)]
        seconds: u64,
    },
}

#[derive(Args)]
struct PassageLoadArguments {
    /// Where cameras post: http://host:port.
    #[arg(long)]
    server: String,
    /// What the county is made from.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Cameras that send at the same time.
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// Passages in one post.
    #[arg(long, default_value_t = 100)]
    objects_per_post: usize,
    /// How long.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
}

#[expect(clippy::print_stdout, reason = "the figures of a load are this command's output")]
fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into()),
        )
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    match Arguments::parse().command {
        Command::County { county, out } => {
            let county = County::generate(county.seed, county.day()?);
            export::write_all(&county, &out, &export::Roster::plain(vehicles::TERMINAL_COUNT))?;
        }
        Command::Truth { county, traffic, out } => {
            let day = county.day()?;
            let from_ms = day.start().unix_ms();
            let made = Traffic::new(Arc::new(County::generate(county.seed, day)), traffic.rates());
            run::append_truth(&made, &traffic.noise(), &out, from_ms, from_ms + DAY_MS)?;
        }
        Command::Run(arguments) => block_on(run::run(options(*arguments)?))??,
        Command::Load(Load::Gat1400(arguments)) => {
            let done = block_on(load_passages(arguments, None))??;
            println!("{}", shown(&done));
        }
        Command::Load(Load::Live { passages, rate }) => {
            let done = block_on(load_passages(passages, Some(rate)))??;
            println!("{}", shown(&done));
        }
        Command::Load(Load::Connections { terminals, count, seconds }) => {
            let done = block_on(load::connections(&terminals, count, Duration::from_secs(seconds)))?;
            println!("connected {} answered {} open_at_end {}", done.connected, done.answered, done.open);
        }
    }
    Ok(())
}

fn block_on<F: Future>(work: F) -> std::io::Result<F::Output> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work))
}

fn shown(done: &load::PassageLoad) -> String {
    format!(
        "passages_per_s {:.0} stored {} refused {} failed_posts {} answer_p50_ms {:.2} answer_p99_ms {:.2}",
        done.per_s(),
        done.stored,
        done.refused,
        done.failed_posts,
        done.answer_quantile(0.5).as_secs_f64() * 1_000.0,
        done.answer_quantile(0.99).as_secs_f64() * 1_000.0,
    )
}

fn options(arguments: RunArguments) -> anyhow::Result<run::Options> {
    let read = |path: PathBuf| {
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("could not read {}", path.display()));
        text.map(|text| text.trim().to_owned())
    };
    let access = match (arguments.token_file, arguments.password_file, arguments.admin_token) {
        (Some(path), ..) => Some(Access::Token(read(path)?)),
        (None, Some(path), _) => {
            Some(Access::Password { username: arguments.username, password: read(path)? })
        }
        (None, None, token) => token.map(Access::Token),
    };
    let start_ms = match arguments.start {
        Some(text) => {
            Some(CivilDay::parse(&text).context("the start has the form 2026-11-23")?.start().unix_ms())
        }
        None => None,
    };
    Ok(run::Options {
        seed: arguments.seed,
        api: arguments.api.unwrap_or_else(|| arguments.server.clone()),
        servers: Servers {
            isapi: arguments.isapi,
            dahua: arguments.dahua,
            ..Servers::viid(&arguments.server)
        },
        terminals: arguments.terminals,
        fleets: arguments.fleets,
        pictures: arguments.pictures,
        picture_base: arguments.picture_base,
        access,
        rates: arguments.traffic.rates(),
        noise: arguments.traffic.noise(),
        speed: arguments.speed,
        drives_clock: arguments.drive_clock,
        start_ms,
        backfill_hours: arguments.backfill_hours,
        provisions: arguments.provision,
        staff_password: arguments.staff_password_file.map(read).transpose()?,
        staff_works: !arguments.staff_idle,
        truth: arguments.truth,
        run_for: arguments.run_seconds.map(Duration::from_secs),
    })
}

async fn load_passages(
    arguments: PassageLoadArguments,
    rate_per_s: Option<f64>,
) -> anyhow::Result<load::PassageLoad> {
    let now_ms = clock::wall_ms();
    let day = domain::Timestamp::from_unix_ms(now_ms).beijing_day();
    let county = Arc::new(County::generate(arguments.seed, day));
    let world = Arc::new(World {
        painter: Painter::new(county.clone()),
        traffic: Traffic::new(county.clone(), Rates::default()),
        noise: NoiseRates::default(),
        clock: Clock::new(now_ms, 1.0),
        county,
        picture_base: "http://127.0.0.1:8908".into(),
        counts: Counts::default(),
    });
    let plan = load::PassagePlan {
        connections: arguments.connections,
        objects_per_post: arguments.objects_per_post,
        wall: Duration::from_secs(arguments.seconds),
        rate_per_s,
    };
    Ok(load::passages(&world, &arguments.server, plan).await?)
}
