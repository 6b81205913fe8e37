//! Warning models over keyed state: a pure fold from journal entries to warnings.
