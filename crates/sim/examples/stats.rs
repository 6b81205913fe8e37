use sim::{county::County, traffic::{Traffic, Rates}};
use std::sync::Arc;
use domain::CivilDay;
fn main(){
    let t=std::time::Instant::now();
    let day=CivilDay::parse("2026-11-23").unwrap();
    let c=Arc::new(County::generate(7,day));
    println!("county {:?} nodes {} edges {} zones {} sections {}",t.elapsed(),c.network.nodes.len(),c.network.edges.len(),c.zones.len(),c.sections.len());
    let t=std::time::Instant::now();
    let tr=Traffic::new(c.clone(),Rates::default());
    let s=day.start().unix_ms();
    let p=tr.passages(s,s+86_400_000);
    println!("day {:?} passages {}",t.elapsed(),p.len());
    let mut by=[0usize;60]; let mut h=[0usize;24];
    for x in &p { by[x.checkpoint as usize]+=1; h[((x.at_ms-s)/3600000) as usize]+=1; }
    println!("{:?}\n{:?}",by,h);
    let mut speeding=0; let mut pass:std::collections::BTreeMap<(u32,u16),i64>=Default::default();
    let mut maxok=0f64;
    for x in &p {
        for (si,sec) in c.sections.iter().enumerate(){
            if sec.is_forward!=x.is_forward {continue;}
            if sec.ends[1]==x.checkpoint { if let Some(a)=pass.remove(&(x.vehicle,si as u16)) {
                let v=sec.length_m as f64/((x.at_ms-a) as f64/1000.)*3.6;
                let lim= if c.register.vehicles[x.vehicle as usize].kind.is_large(){sec.limit_large_kmh}else{sec.limit_kmh} as f64;
                if v>lim {speeding+=1;} else if v/lim>maxok {maxok=v/lim}
            }}
            if sec.ends[0]==x.checkpoint { pass.insert((x.vehicle,si as u16),x.at_ms); }
        }
    }
    let dist=p.iter().map(|x|x.vehicle).collect::<std::collections::BTreeSet<_>>();
    let watched=p.iter().filter(|x|c.register.watch_orders.iter().any(|o|o.vehicle==x.vehicle)).count();
    let mut st=std::collections::BTreeMap::new(); for v in &dist { *st.entry(format!("{:?}",c.register.vehicles[*v as usize].standing)).or_insert(0)+=1; }
    println!("speeding {} maxok {} vehicles {} watched passages {} standing {:?}",speeding,maxok,dist.len(),watched,st);
    let mut pl=std::collections::BTreeMap::new(); let mut hours=0.0; let mut over=0; let mut bad=0;
    let mut active=[0usize;24];
    for v in 0..2000u32 { let legs=tr.drives(v,s,s+86_400_000); 
        for w in legs.windows(2) { if w[0].arrive_ms(&c)>w[1].depart_ms {over+=1;} if w[0].to!=w[1].from {bad+=1;} }
        for l in legs { hours+=l.driving_ms(&c) as f64/3.6e6; if let Some(p)=l.plant { *pl.entry(format!("{:?}",p)).or_insert(0)+=1; }
          for h in 0..24 { if l.at(&c,s+h*3_600_000).is_some() {active[h as usize]+=1;} } } }
    println!("plants {:?} driving hours {} overlaps {} jumps {} active {:?}",pl,hours,over,bad,active);
}
