//! Scenarios of each model, and the property that the order of arrival never matters.

mod it {
    pub(crate) mod data_files;
}
