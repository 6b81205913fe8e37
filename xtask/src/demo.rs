//! `cargo xtask demo`: builds all and runs the product with a simulated county until it is stopped.

use crate::product::{PASSWORD_FILE, Ports, Product, build};
use crate::setup;
use crate::shell::{Options, Result, Running, root};
use std::time::{Duration, Instant};

pub(crate) fn run(options: &Options) -> Result {
    let started = Instant::now();
    setup::for_demo()?;
    build("release")?;
    println!("\nbuilt in {:.0} s", started.elapsed().as_secs_f64());
    let port: u16 = options.value("--port", "8700").parse().map_err(|_| "--port takes a number")?;
    let mut product = Product::start("release", &root().join("var/demo"), Ports { http: port }, &[])?;
    println!(
        "\n  安畅 Anchang   http://{}\n  用户名 user      admin\n  口令 password    {}\n  \
         其他用户 others  zhiban01 lumian01 neiqin01 lingdao01 jiaoanban01 zhenjie01 cun01 chengyuan01 ducha01\n  \
         \x20                sysadmin secadmin auditadmin …，口令相同 with the same password\n\n  \
         日志 logs        {}\n  模拟县正在导入资料、补传前一日数据，随后实时运行；按 Ctrl-C 停止。\n  \
         The simulated county imports its files, back-fills the day before, then runs live. Ctrl-C stops it.\n",
        product.http,
        product.password,
        product.folder.display()
    );
    let mut command =
        product.simulator("release", &["run", "--provision", "--seed", options.value("--seed", "7")]);
    command
        .arg("--staff-password-file")
        .arg(product.folder.join(PASSWORD_FILE))
        .args(["--scale", options.value("--scale", "1.0")])
        .args(["--backfill-hours", options.value("--backfill-hours", "24")]);
    let mut county = Running::start("sim", &mut command)?;
    loop {
        std::thread::sleep(Duration::from_millis(500));
        if let Some(why) = product.ended().or_else(|| county.ended()) {
            return Err(format!("{why}; logs in {}", product.folder.display()));
        }
    }
}
