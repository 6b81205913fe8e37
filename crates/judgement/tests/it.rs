//! Scenarios of each model, and the properties that neither the order of arrival nor a kill ever matters.

#[cfg(test)]
mod it {
    pub(crate) mod average_speed;
    pub(crate) mod back_test;
    pub(crate) mod batches;
    pub(crate) mod bound;
    pub(crate) mod claims;
    pub(crate) mod clone_plate;
    pub(crate) mod data_files;
    pub(crate) mod device_alarm;
    pub(crate) mod discipline;
    pub(crate) mod doubts;
    pub(crate) mod drives;
    pub(crate) mod driving_time;
    pub(crate) mod engine;
    pub(crate) mod fake_plate;
    pub(crate) mod hidden_plate;
    pub(crate) mod killed;
    pub(crate) mod no_exit;
    pub(crate) mod order_of_arrival;
    pub(crate) mod overdue;
    pub(crate) mod passage_fatigue;
    pub(crate) mod reading;
    pub(crate) mod replay;
    pub(crate) mod rule_language;
    pub(crate) mod rules;
    pub(crate) mod scenario;
    pub(crate) mod strangers;
    pub(crate) mod terminal;
    pub(crate) mod watch_order;
    pub(crate) mod zones;
}
