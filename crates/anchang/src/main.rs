//! The binary: configuration, wiring, the journal's reader, shutdown. `docs/configuration.md` says how it is set up.
//!
//! Reading order: [`serve`] (who works with whom), [`open`] (what is kept), [`judging`] (the heart), then the rest.

mod archiving;
mod body;
mod catalogue;
mod clocks;
mod config;
mod crew;
mod descriptors;
mod events;
mod files;
mod http;
mod judging;
mod learning;
mod merging;
mod notifying;
mod onward;
mod open;
mod reference;
mod relay;
mod replaying;
mod retrying;
mod secret;
mod serve;
mod shutdown;
mod snapshot;
mod upkeep;
mod verifying;
mod vitals;

use anyhow::{Context, ensure};
use clap::{Parser, Subcommand};
use config::{ClockKind, Config, ListenAt};
use records::{AuditVerdict, Records};
use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// What is logged when the environment's `RUST_LOG` says nothing.
const LOG_FILTER: &str = "info,sea_orm_migration=warn";

/// 安畅：县级交警大队指挥平台 / Anchang: the command platform of a county's traffic police brigade.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// 配置文件（TOML），省略时全部用默认值 / Configuration file; without it everything has its default
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// 数据目录 / Folder of everything that is kept
    #[arg(long, value_name = "DIR", global = true)]
    data_dir: Option<PathBuf>,
    /// 页面与接口的监听地址 / Where pages and programs are served
    #[arg(long, value_name = "ADDR")]
    http: Option<SocketAddr>,
    /// 某一接入协议的监听地址，可重复，如 viid=0.0.0.0:8710 / Where a protocol of devices is served; for each once
    #[arg(long, value_name = "NAME=ADDR")]
    listen: Vec<ListenAt>,
    /// 时钟来源 / Whose time it is
    #[arg(long)]
    clock: Option<ClockKind>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// 运行平台（默认）/ Runs the platform (the default)
    Serve,
    /// 校验审计记录的哈希链 / Says whether the audit is as it was written
    VerifyAudit,
    /// 输出 OpenAPI 文档 / Prints the OpenAPI document
    Openapi,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = std::env::var(EnvFilter::DEFAULT_ENV);
    tracing_subscriber::fmt()
        // A part that can't be read is named on stderr and left out.
        .with_env_filter(EnvFilter::builder().parse_lossy(filter.as_deref().unwrap_or(LOG_FILTER)))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    match run(arguments) {
        Ok(code) => code,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let mut config = match &arguments.config {
        Some(path) => Config::read(path)?,
        None => Config::default(),
    };
    let Arguments { config: _, data_dir, http, listen, clock, command } = arguments;
    config.data_dir = data_dir.unwrap_or(config.data_dir);
    config.http = http.unwrap_or(config.http);
    for ListenAt(name, address) in listen {
        config.listen.set(&name, address).map_err(anyhow::Error::msg)?;
    }
    config.clock = clock.unwrap_or(config.clock);
    if let Some(Command::Openapi) = command {
        say(&api::openapi_json())?;
        return Ok(ExitCode::SUCCESS);
    }
    let runtime = tokio::runtime::Runtime::new().context("could not start the runtime")?;
    match command {
        Some(Command::VerifyAudit) => runtime.block_on(verify_audit(&config.data_dir)),
        Some(Command::Serve | Command::Openapi) | None => {
            runtime.block_on(Box::pin(serve::serve(config))).map(|()| ExitCode::SUCCESS)
        }
    }
}

/// Prints the verdict; fails when the audit is not as it was written. May run beside the platform.
async fn verify_audit(data_dir: &Path) -> anyhow::Result<ExitCode> {
    let path = data_dir.join("records.db");
    ensure!(path.exists(), "there are no records in {}", data_dir.display());
    let records = Records::open(path).await?;
    let verdict = records.verify_audit(&mut |_| ()).await?;
    records.close().await?;
    match verdict {
        AuditVerdict::Intact { rows, last_hash } => {
            say(&format!(
                "审计完整：{rows} 条，末条哈希 {last_hash} / The audit is intact: {rows} rows, last hash {last_hash}"
            ))?;
            Ok(ExitCode::SUCCESS)
        }
        AuditVerdict::Broken { id } => {
            say(&format!(
                "审计被改动：自第 {id} 条起不符 / The audit was changed: row {id} is the first that doesn't fit"
            ))?;
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Prints a line; a closed pipe is an error like any other.
fn say(line: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout().lock(), "{line}").context("could not print")
}
