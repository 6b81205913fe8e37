//! The parameters of each model, as `data/models.toml` gives them.

use super::{AxleLimit, Parameter, Step};
use serde::Deserialize;

parameters! {
    /// What holds for all models: how late an observation may be.
    Horizon {
        /// Older observations are counted and only compared with watch orders, which need no memory.
        late_max_hours: i64,
        /// Most passages remembered of all vehicles; beyond it the oldest are forgotten before their time.
        passages_held_max: i64,
        /// A device clock so far ahead of ours is wrong; such observations are treated like those too late.
        ahead_max_seconds: i64,
    }
}

parameters! {
    /// How a read of a plate is weighed against the register: it is evidence with a likelihood, never a fact.
    ReadingParameters {
        /// From so many registered vehicles of a province and authority on, the register is taken to know them all.
        covered_files_min: i64,
        /// Share of misread plates by day where nothing was learned of the camera.
        misread_day_permille: i64,
        /// Share of misread plates by night where nothing was learned of the camera.
        misread_night_permille: i64,
        /// Of the misreads, the share that the confusion table does not name.
        unlisted_permille: i64,
        /// How often class or ground colour of a plate are seen wrong.
        plate_look_wrong_permille: i64,
        /// How often the vehicle type is seen wrong.
        type_wrong_permille: i64,
        /// How often the body colour is seen wrong.
        color_wrong_permille: i64,
        /// A vehicle is only held to have passed when the read is at least so sure.
        sure_min_permille: i64,
        /// Below this confidence a camera is in doubt.
        doubtful_confidence_percent: i64,
        /// From this confidence on a camera is sure.
        sure_confidence_percent: i64,
        /// Factor on the odds of a misread when the camera is in doubt.
        doubtful_odds_percent: i64,
        /// Factor on the odds of a misread when the camera is sure; between the two it goes evenly by powers.
        sure_odds_percent: i64,
        /// How a number that nothing else confirms weighs against one of which it is known that it is about.
        unconfirmed_permille: i64,
        /// Of the misreads of a camera, how many more give one certain number because of vehicles that are not considered.
        others_permille: i64,
        /// What of these is left when all registered numbers that differ in one symbol are weighed one by one.
        others_left_percent: i64,
        /// So near in time a sure read elsewhere tells whose a doubtful one is.
        seen_minutes: i64,
        /// How much more often who was here is surely read elsewhere near in time than any registered vehicle is.
        seen_odds_percent: i64,
        /// The same of not being read elsewhere.
        unseen_odds_percent: i64,
        /// The read of a stranger stands by itself when it is at least so sure, and confirms its number.
        firm_min_permille: i64,
        /// So near in time, at another checkpoint, a firm read confirms a number.
        confirm_minutes: i64,
    }
}

parameters! {
    /// Watch orders.
    WatchOrderParameters {
        /// Least score of a hit.
        score_min_permille: i64,
        /// Factor for a place that the camera could not read.
        unread_permille: i64,
        /// Factor for one symbol read as another that the confusion table does not name.
        unlisted_permille: i64,
        /// Factor when plate class or ground colour contradict the order.
        class_mismatch_permille: i64,
        /// Factor on a misread hit when the body colour contradicts the register's entry of the ordered vehicle.
        body_color_mismatch_permille: i64,
        /// At this confidence or below, a misread is fully possible.
        doubtful_confidence_percent: i64,
        /// Factor on a misread hit when the camera is 100 % sure; between, it is linear.
        sure_camera_permille: i64,
        /// Whether a read that the register knows and confirms is never taken for another plate.
        trust_registered_read: bool,
    }
}

parameters! {
    /// Average speed over a section.
    AverageSpeedParameters {
        /// Longest time between the two points; more is no drive through.
        elapsed_max_minutes: i64,
        /// Shortest time between the two points.
        elapsed_min_seconds: i64,
        /// How far the clocks of the two points may differ, added to the time in the driver's favour.
        clock_difference_max_ms: i64,
        /// Faster is a fault of clocks or plates.
        plausible_max_kmh: i64,
        /// Levels by excess, ascending; below the first there is no warning.
        steps: Vec<Step>,
    }
}

parameters! {
    /// Driving without rest.
    FatigueParameters {
        /// Longest drive without a rest.
        limit_minutes: i64,
        /// Longest drive of a coach at night without a rest.
        coach_night_limit_minutes: i64,
        /// Hour of the Beijing day at which the night begins.
        night_from_hour: i64,
        /// Hour of the Beijing day at which the night ends.
        night_to_hour: i64,
        /// Shortest stop that is a rest.
        rest_minutes: i64,
        /// From this speed on, a vehicle drives.
        moving_min_kmh: i64,
        /// Distance covered in silence is taken as driven at this speed; what remains of the silence may have been rest.
        silent_speed_kmh: i64,
        /// A longer silence is a rest, whatever distance was covered.
        silent_max_minutes: i64,
        /// After a silence that was taken as driving, no warning for so long: what was kept is sent then.
        silent_settle_minutes: i64,
        /// A standing warning is renewed after so many more driven minutes.
        renewal_minutes: i64,
    }
}

parameters! {
    /// Coaches on the move in the small hours.
    NightCoachParameters {
        /// Hour of the Beijing day at which coaches must stop.
        from_hour: i64,
        /// Hour of the Beijing day from which they may go on.
        to_hour: i64,
        /// So many minutes with movement are let pass.
        moving_max_minutes: i64,
        /// A standing warning is renewed after so many more moving minutes.
        renewal_minutes: i64,
    }
}

parameters! {
    /// Alarms of terminals.
    DeviceAlarmParameters {
        /// Kinds that become warnings of level one.
        kinds_high: Vec<String>,
        /// Kinds that become warnings of level two.
        kinds_medium: Vec<String>,
        /// Kinds that become warnings of level three.
        kinds_low: Vec<String>,
        /// Reports of one kind further apart are two episodes.
        episode_gap_minutes: i64,
    }
}

parameters! {
    /// A model that needs no parameter beyond its level.
    NoParameters {}
}

parameters! {
    /// Many offences not handled.
    UnhandledOffencesParameters {
        /// From so many on.
        count_min: i64,
    }
}

parameters! {
    /// Speed at one place.
    SpotSpeedParameters {
        /// Levels by excess, ascending; below the first there is no warning.
        steps: Vec<Step>,
        /// What the device may be wrong by at low speeds, in the driver's favour.
        tolerance_kmh: i64,
        /// What the device may be wrong by at high speeds, in the driver's favour.
        tolerance_percent: i64,
        /// Faster is a fault of the device.
        plausible_max_kmh: i64,
    }
}

parameters! {
    /// Against the direction.
    WrongWayParameters {
        /// Whether a camera is believed where the checkpoint's direction is not known.
        trust_camera: bool,
    }
}

parameters! {
    /// Too heavy.
    OverloadParameters {
        /// Gross-weight limits by axles.
        limits: Vec<AxleLimit>,
        /// Levels by excess, ascending.
        steps: Vec<Step>,
        /// What the scale may be wrong by, in the driver's favour.
        scale_error_permille: i64,
        /// From this weight on it is told apart (百吨王).
        hundred_ton_kg: i64,
    }
}

parameters! {
    /// What cameras say they saw.
    #[expect(clippy::struct_field_names, reason = "names are those of the file")]
    CameraReportParameters {
        /// Behaviours that become warnings of level one.
        behaviours_high: Vec<String>,
        /// Behaviours that become warnings of level two.
        behaviours_medium: Vec<String>,
        /// Behaviours that become warnings of level three.
        behaviours_low: Vec<String>,
    }
}

parameters! {
    /// Corridors of dangerous goods.
    DangerousGoodsParameters {
        /// From this speed on, a fix counts.
        moving_min_kmh: i64,
        /// A fix may be wrong by so much beside a corridor.
        drift_m: i64,
    }
}

parameters! {
    /// Driving time of coaches.
    #[expect(clippy::struct_field_names, reason = "names say what and end in their units")]
    DrivingTimeParameters {
        /// Most driving in any 24 hours.
        day_limit_minutes: i64,
        /// Most driving in any 7 days.
        week_limit_minutes: i64,
        /// A halt up to this long between movement is driving.
        halt_max_minutes: i64,
        /// A standing warning is renewed after so many more driven minutes.
        renewal_minutes: i64,
    }
}

parameters! {
    /// Driving without rest, by checkpoints.
    PassageFatigueParameters {
        /// Longest drive without a rest.
        limit_minutes: i64,
        /// Longest drive of a coach at night without a rest.
        coach_night_limit_minutes: i64,
        /// Hour of the Beijing day at which the night begins.
        night_from_hour: i64,
        /// Hour of the Beijing day at which the night ends.
        night_to_hour: i64,
        /// Shortest stop that is a rest.
        rest_minutes: i64,
        /// Where a way was not learned: nobody is faster, on a straight line.
        plausible_kmh: i64,
        /// A standing warning is renewed after so many more minutes.
        renewal_minutes: i64,
        /// Whether large vehicles other than coaches are judged, too.
        is_large_judged: bool,
        /// No drive is longer; so far back passages are remembered for it.
        span_max_hours: i64,
    }
}

parameters! {
    /// Into a section and not out of it.
    NoExitParameters {
        /// Both ends of a section stand in one of these theatres.
        theatres: Vec<String>,
        /// The key vehicles that are judged; empty for all that are registered.
        key_classes: Vec<String>,
        /// So much of the usual time a drive through may take.
        factor_percent: i64,
        /// And so much more.
        margin_minutes: i64,
        /// A warning that no late exit confirms within so many hours is taken back.
        confirm_hours: i64,
    }
}

parameters! {
    /// Terminals that say nothing.
    TerminalSilentParameters {
        /// So long before and after a sighting nothing was reported.
        around_minutes: i64,
        /// So long positions may be under way.
        patience_minutes: i64,
        /// So long a silence may be a cut network, whose reports come afterwards.
        cut_max_minutes: i64,
        /// So many sightings at different places.
        sightings_min: i64,
        /// All of them within so many hours.
        within_hours: i64,
    }
}

parameters! {
    /// Terminals that are somewhere else.
    TerminalElsewhereParameters {
        /// A fix counts that is so near a sighting in time.
        around_minutes: i64,
        /// Two reports of standing still at one place so far apart in time: it stood there in between.
        parked_gap_minutes: i64,
        /// From this distance on, beyond what can be driven in between.
        distance_min_m: i64,
        /// Nobody is faster.
        plausible_kmh: i64,
        /// So many sightings at different places.
        sightings_min: i64,
        /// All of them within so many hours.
        within_hours: i64,
    }
}

parameters! {
    /// One number on two vehicles. Scores are in decibans: ten for each power of ten by which something is unlikely by chance.
    ClonePlateParameters {
        /// Length of a window, counted from midnight in Beijing; one warning for each.
        window_hours: i64,
        /// Visits less sure are left out.
        read_min_permille: i64,
        /// Visits further apart in time are not compared.
        apart_max_minutes: i64,
        /// Taken off the shortest time, for the fastest drivers.
        margin_percent: i64,
        /// The same for who was measured within the limit at both ends.
        slow_margin_percent: i64,
        /// By so much more the time must be too short.
        margin_seconds: i64,
        /// How wrong a clock may be of which nothing was learned.
        unlearned_clock_seconds: i64,
        /// Places between which no time was learned are compared from this straight distance on.
        unlearned_way_min_m: i64,
        /// Nobody drives the straight line between them faster.
        top_speed_kmh: i64,
        /// Score from which on it warns.
        score_min: i64,
        /// How many windows after it go by what a window shows.
        carried_windows: i64,
        /// What a window must show of its own where those before it have shown something.
        own_score_min: i64,
        /// Of each visit that must be set aside.
        journey_score: i64,
        /// The same where another vehicle may have been read as this one.
        rivalled_journey_score: i64,
        /// Passages a day of that vehicle, any of which may be read as this number.
        rival_passages: i64,
        /// How unlikely it is that one thing in a file is wrong.
        file_wrong_score: i64,
        /// Of one checkpoint, at most so many other looks are counted.
        place_sightings_max: i64,
        /// Body colours count from this hour on.
        daylight_from_hour: i64,
        /// Body colours count until this hour.
        daylight_to_hour: i64,
    }
}

parameters! {
    /// A number that nobody was given.
    FakePlateParameters {
        /// Length of a window, counted from midnight in Beijing; one warning for each.
        window_hours: i64,
        /// Reads less sure are left out.
        read_min_permille: i64,
        /// Sightings of one look needed.
        sightings_min: i64,
        /// Checkpoints needed.
        places_min: i64,
    }
}

parameters! {
    /// A vehicle without a readable plate. Scores are in decibans: ten for each power of ten by which something is unlikely by chance.
    HiddenPlateParameters {
        /// Length of a window, counted from midnight in Beijing; chains don't reach across.
        window_hours: i64,
        /// From so long before a sighting the rate of chance is taken.
        rate_minutes: i64,
        /// How wrong a clock may be of which nothing was learned.
        unlearned_clock_seconds: i64,
        /// Links take at least this share of the usual time.
        fast_percent: i64,
        /// Links take at most this share of the usual time.
        slow_percent: i64,
        /// Longer ways are not linked.
        way_max_minutes: i64,
        /// And so much longer after a stop.
        stop_max_minutes: i64,
        /// Back at the same checkpoint after at least so long.
        return_min_minutes: i64,
        /// And at most so long.
        return_max_minutes: i64,
        /// How unlikely a stop or a return is.
        stop_score: i64,
        /// How unlikely it is that a vehicle is seen in another colour than before, and in this one.
        color_other_score: i64,
        /// The same of its type.
        type_other_score: i64,
        /// How unlikely it is that a camera calls a plate covered and another does not.
        cover_other_score: i64,
        /// Sightings needed.
        sightings_min: i64,
        /// Score from which on it warns.
        score_min: i64,
        /// Taken off each link, as it is the best of several.
        choice_score: i64,
        /// Greatest score of one link.
        link_score_max: i64,
        /// Score of each symbol of a plate read in part that agrees.
        symbol_score: i64,
    }
}

parameters! {
    /// How warnings stand to one another.
    DisciplineParameters {
        /// Which model hides which: `stronger>weaker`.
        hides: Vec<String>,
        /// A stronger warning hides a weaker one this near to it in time.
        within_minutes: i64,
    }
}
