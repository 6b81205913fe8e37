//! The reference as it stands now, for a judgement that begins without the journal's beginning: zones, terminals, rules,
//! tunings, silences and maintenance windows, as the changes that make them.

use crate::device::terminal_of;
use crate::error::{During, StoreError};
use crate::store::Records;
use domain::{ReferenceChange, Timestamp};

impl Records {
    /// The changes that make what stands besides checkpoints, sections, vehicles and watch orders. Silences and
    /// maintenance windows that were over at `since` are left out: nothing that is still judged occurred in them.
    pub async fn standing_changes(&self, since: Timestamp) -> Result<Vec<ReferenceChange>, StoreError> {
        let zones = self.all_zones().await?;
        let devices = self.all_devices().await?;
        let rules = self.all_rules().await?;
        let tunings = self.all_tunings().await?;
        let silences = self.silences_since(since).await.during("list silences")?;
        let mut changes = Vec::new();
        changes.extend(zones.into_iter().map(|record| ReferenceChange::Zone(record.zone)));
        changes.extend(devices.iter().filter_map(terminal_of).map(ReferenceChange::Terminal));
        let in_force = rules.iter().filter_map(|rule| rule.in_force());
        changes.extend(in_force.map(|version| ReferenceChange::Rule(version.rule.clone())));
        changes.extend(tunings.into_iter().map(|record| ReferenceChange::Tuning(record.tuning)));
        changes.extend(silences.iter().map(|record| record.quiet.change()));
        Ok(changes)
    }
}
