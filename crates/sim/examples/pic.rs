use sim::{county::County, traffic::{Traffic, Rates}, picture::Painter};
use std::sync::Arc;
fn main(){
    let day=domain::CivilDay::parse("2026-11-23").unwrap();
    let c=Arc::new(County::generate(7,day));
    let tr=Traffic::new(c.clone(),Rates{scale:0.01,offences:1.0});
    let p=Painter::new(c.clone());
    let s=day.start().unix_ms();
    let ps=tr.passages(s+17*3_600_000,s+20*3_600_000);
    for (i,k) in [10usize,500,1000,1500,ps.len()-5,ps.len()-60].iter().enumerate(){ 
        let a=p.scene(&ps[*k]).unwrap(); let b=p.plate(&ps[*k]).unwrap();
        println!("{} {} {:?}",a.len(),b.len(),ps[*k]); std::fs::write(format!("/tmp/simw/p{i}.jpg"),a).unwrap(); std::fs::write(format!("/tmp/simw/q{i}.jpg"),b).unwrap(); }
    let t=std::time::Instant::now(); for k in 0..50 { p.scene(&ps[k]).unwrap(); } println!("{:?} each",t.elapsed()/50);
}
