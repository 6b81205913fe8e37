//! Clone plates (套牌嫌疑): one number on two vehicles. Two things betray it, and both are weighed as evidence.
//!
//! *Journeys*: visits that one vehicle can't have made, because the way between is never driven so fast. A read that
//! belongs to another vehicle makes one such visit, which contradicts all its neighbours. So what counts is how many
//! visits must be set aside, at least, for the rest to be one possible journey: one is no clone. A clock that is wrong
//! makes any number of them, all at one camera; so the contradictions must remain when either place of the first of
//! them is left out.
//!
//! *Looks*: visits that look other than the register says. Cameras see colours and types wrong, so each counts by how
//! unlikely that is, less the number of ways to pick so many visits of all. And a file may be wrong, or a car
//! repainted: then hardly any visit looks as registered, while with a clone on the road both looks are seen.
//!
//! Evidence is counted in decibans: ten points for each power of ten by which it is unlikely to be chance. With 100,000
//! vehicles a day, 60 points let one false warning pass in ten days. One warning per vehicle and window (a day of
//! Beijing), raised by the first visits that are enough, and said again when the contradictions have doubled.
//!
//! A clone is about for days. So what a window shows is kept as a score for the windows after it, where less is needed
//! then: something of their own, and enough together. Only what no single place explains is handed on.

use super::{Context, Turn, plate_text, window_of};
use crate::confusion::paired_codes;
use crate::parameters::{ClonePlateParameters, ReadingParameters};
use crate::reading::{Look, Reader, likelihood_of_misread};
use crate::reference::{File, Place};
use crate::settle::{Finding, Standing, vehicle_bytes};
use crate::track::{Suspicion, Track, Visit};
use domain::observation::{Fact, Observation};
use domain::time::{BEIJING_OFFSET_MS, DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};
use domain::warning::{CloneEvidence, Detail, Subject, Warning};
use domain::{CheckpointId, ModelId, Timestamp, VehicleType};

/// Judges the window in which the visit at `index` lies, and those after it that go by what this one shows.
pub(crate) fn judge(track: &mut Track, index: usize, turn: &Turn, context: &mut Context<'_>) {
    let p = &context.tuned.everywhere().clone_plate.parameters;
    let (from, to) = window_of(turn.changed_at, p.window_hours.value);
    dispute(track, index, (from, to), context);
    if judge_window(track, (from, to), turn, context) {
        for later in 1..=p.carried_windows.value {
            let ahead_ms = later * p.window_hours.value * HOUR_MS;
            judge_window(track, (from.plus_ms(ahead_ms), to.plus_ms(ahead_ms)), turn, context);
        }
    }
}

/// Marks the visits of a window that contradict the one at `index`, and that one.
fn dispute(track: &mut Track, index: usize, (from, to): (Timestamp, Timestamp), context: &Context<'_>) {
    let judge = Judge::new(track, context);
    let range = track.range(from, to);
    let visit = &track.visits()[index];
    if !judge.is_fit(visit) {
        return;
    }
    let contradicts = |other: &usize| {
        let other = &track.visits()[*other];
        judge.is_fit(other) && judge.contradiction(other, visit).is_some()
    };
    let mut disputed: Vec<usize> = range.filter(contradicts).collect();
    if !disputed.is_empty() {
        disputed.push(index);
        track.dispute(&disputed);
    }
}

/// Judges a window; whether it hands something else on to those after it.
fn judge_window(
    track: &mut Track,
    (from, to): (Timestamp, Timestamp),
    turn: &Turn,
    context: &mut Context<'_>,
) -> bool {
    let judge = Judge::new(track, context);
    let p = judge.p;
    let window_ms = p.window_hours.value * HOUR_MS;
    let carried = track.suspicion(from.plus_ms(-p.carried_windows.value * window_ms), from);
    let visits = &track.visits()[track.range(from, to)];
    let is_in_scope = |standing: &Standing| standing.model == ModelId::ClonePlate && standing.anchor == from;
    // The usual day: nothing in it could ever be enough.
    let can_be_enough = judge.at_most(visits) + i64::from(carried) >= p.score_min.value;
    if !can_be_enough && track.suspicion(from, to) == 0 && !track.standing().iter().any(is_in_scope) {
        return false;
    }
    let window = Window::new(&judge, visits, turn, carried);
    let warning = window.verdict().and_then(|verdict| judge.warning(track, &verdict, turn, from));
    let suspicion = Suspicion {
        from,
        counts_until: to.plus_ms(p.carried_windows.value * window_ms),
        score: window.handed_on(),
    };
    let has_changed = track.suspect(suspicion);
    track.settle(is_in_scope, warning.map(|one| (from, one)).into_iter().collect(), context.out);
    has_changed
}

/// Two visits that one vehicle can't have made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Contradiction {
    elapsed_ms: i64,
    shortest_ms: i64,
}

/// What a window shows: enough for a warning, and the visits that are told.
struct Verdict<'v> {
    /// In order of time; the last completed it.
    told: Vec<&'v Visit>,
    evidence: CloneEvidence,
    count: u32,
    first_at: Timestamp,
    /// Without the days before it would not be enough.
    needs_earlier: bool,
}

impl<'v> Verdict<'v> {
    /// The visits at these places of `fit`.
    fn new(fit: &[&'v Visit], mut told: Vec<usize>, evidence: CloneEvidence, count: usize) -> Self {
        told.sort_unstable();
        told.dedup();
        let told: Vec<&Visit> = told.into_iter().map(|index| fit[index]).collect();
        let first_at = told.first().map_or_else(Timestamp::default, |visit| visit.at);
        Self { told, evidence, count: count as u32, first_at, needs_earlier: false }
    }
}

/// Who else may have been read as this number.
struct Rivals {
    /// The share of the misreads of a registered vehicle of the same look that give this number, of the likeliest; 0 when
    /// there is no such vehicle.
    misread: f64,
    /// Another vehicle has the same number, of another class.
    is_shared: bool,
}

impl Rivals {
    fn of(turn: &Turn, context: &Context<'_>) -> Self {
        // Of a stranger nobody knows who its rivals are: as likely as can be.
        let Some(ours) = turn.file else { return Self { misread: 1.0, is_shared: false } };
        let reading = &context.tuned.everywhere().reading;
        let mut rivals = Self { misread: 0.0, is_shared: false };
        context.reference.for_each_same(context.table, ours.key.plate, |other: &File| {
            let Some(pairs) = paired_codes(other.key.plate, ours.key.plate) else { return };
            let differing: Vec<(u8, u8)> = pairs.filter(|(truth, seen)| truth != seen).collect();
            match differing.as_slice() {
                [] => rivals.is_shared |= other.key != ours.key,
                [(truth, seen)] => {
                    let is_taken = context.table.likelihood_permille(*truth, *seen) > 0;
                    // Of another look, its reads are weighed against this number one by one.
                    if is_taken && Look::between(&ours, other).is_same() {
                        let (truth, read) = (other.key.plate, ours.key.plate);
                        let share = likelihood_of_misread(truth, read, 1.0, context.table, reading);
                        rivals.misread = rivals.misread.max(share.unwrap_or(1.0));
                    }
                }
                _ => {}
            }
        });
        rivals
    }
}

/// The least set of visits that must be set aside, as it grows with time.
struct Journeys {
    /// By visit: an earlier one that contradicts it, where one more had to be set aside.
    contradictions: Vec<(usize, usize, Contradiction)>,
}

impl Journeys {
    /// How many of the visits up to this one must be set aside.
    fn aside_count(&self, index: usize) -> usize {
        self.contradictions.partition_point(|(_, later, _)| *later <= index)
    }
}

/// What is judged with.
struct Judge<'a, 'c> {
    p: &'a ClonePlateParameters,
    reading: &'a ReadingParameters,
    track: &'a Track,
    context: &'a Context<'c>,
}

impl<'a, 'c> Judge<'a, 'c> {
    fn new(track: &'a Track, context: &'a Context<'c>) -> Self {
        let tuned = context.tuned.everywhere();
        Self { p: &tuned.clone_plate.parameters, reading: &tuned.reading, track, context }
    }

    /// Whether a visit says something: read as this number, and hardly anybody else's.
    fn is_fit(&self, visit: &Visit) -> bool {
        visit.is_as_read() && i64::from(visit.permille) >= self.p.read_min_permille.value
    }

    /// Whether one vehicle can't have made both visits, by all that clocks can explain.
    fn contradiction(&self, a: &Visit, b: &Visit) -> Option<Contradiction> {
        let (earlier, later) = if (a.at, a.id()) <= (b.at, b.id()) { (a, b) } else { (b, a) };
        let elapsed_ms = later.at.ms_since(earlier.at);
        if earlier.place() == later.place() || elapsed_ms > self.p.apart_max_minutes.value * MINUTE_MS {
            return None;
        }
        // Clocks may be wrong enough to turn the two round.
        let there = self.shortest_ms(earlier.place(), later.place())?;
        let back = self.shortest_ms(later.place(), earlier.place())?;
        let doubt_ms = self.doubt_ms(a) + self.doubt_ms(b) + self.p.margin_seconds.value * SECOND_MS;
        let is_impossible = |margin_percent: i64| {
            let driven_ms = |shortest_ms: i64| shortest_ms * (100 - margin_percent) / 100;
            elapsed_ms + doubt_ms < driven_ms(there) && doubt_ms - elapsed_ms < driven_ms(back)
        };
        let is_found = is_impossible(self.p.margin_percent.value)
            || is_impossible(self.p.slow_margin_percent.value) && !self.is_fast(a) && !self.is_fast(b);
        is_found.then_some(Contradiction { elapsed_ms, shortest_ms: there })
    }

    /// Whether the vehicle was measured above the limit there, or not at all: who drives a way faster than nearly all
    /// others is seen to be fast.
    fn is_fast(&self, visit: &Visit) -> bool {
        let observation = self.track.observation(visit, self.context.names);
        let Fact::Passage(passage) = &observation.fact else { return true };
        let place = self.context.reference.place(&passage.checkpoint);
        let is_large = passage.vehicle_type.is_some_and(VehicleType::is_large);
        let limit_of = |place: &Place| place.limit_large_kmh.filter(|_| is_large).or(place.limit_kmh);
        passage.speed_kmh.zip(place.and_then(limit_of)).is_none_or(|(speed, limit)| speed > limit)
    }

    /// How unlikely it is that a visit which must be set aside was another vehicle misread: by what the camera says of
    /// its doubts where it is known who that would be.
    fn journey_score(&self, visit: &Visit, rivals: &Rivals) -> f64 {
        let most = self.p.journey_score.value as f64;
        if rivals.misread == 0.0 {
            return most;
        }
        let least = (self.p.rivalled_journey_score.value as f64).min(most);
        let observation = self.track.observation(visit, self.context.names);
        let Fact::Passage(passage) = &observation.fact else { return least };
        let Context { reference, table, .. } = *self.context;
        let learned = reference.calibration(&observation.device, observation.captured_at);
        let reader = Reader { reference, table, parameters: self.reading };
        let misread = reader.misread_share(passage, visit.at, learned.and_then(|learned| learned.misread));
        let chance = misread * rivals.misread * self.p.rival_passages.value as f64;
        (-10.0 * chance.log10()).clamp(least, most)
    }

    fn doubt_ms(&self, visit: &Visit) -> i64 {
        if visit.is_clock_known() {
            i64::from(visit.uncertainty_ms)
        } else {
            self.p.unlearned_clock_seconds.value * SECOND_MS
        }
    }

    /// The learned shortest time of a way; else, for places far apart, that of the straight line at top speed.
    fn shortest_ms(&self, from: u32, to: u32) -> Option<i64> {
        if let Some(way) = self.context.reference.way(from, to) {
            return Some(way.shortest_ms);
        }
        let location =
            |place| self.context.reference.location_of(&CheckpointId(self.context.names.name(place)));
        let apart_m = location(from)?.distance_m(location(to)?) as i64;
        (apart_m >= self.p.unlearned_way_min_m.value).then(|| apart_m * 3_600 / self.p.top_speed_kmh.value)
    }

    /// Whether colours can be told.
    fn is_light(&self, visit: &Visit) -> bool {
        let hour = (visit.at.unix_ms() + BEIJING_OFFSET_MS).rem_euclid(DAY_MS) / HOUR_MS;
        (self.p.daylight_from_hour.value..self.p.daylight_to_hour.value).contains(&hour)
    }

    /// How unlikely it is that the registered vehicle looks so, and how many things differ. Colours count by daylight.
    fn look_score(&self, visit: &Visit) -> (f64, i64) {
        let Look { is_plate_other, is_type_other, is_color_other } = visit.look();
        let of = |is_other: bool, wrong_permille: i64| {
            if is_other { (-10.0 * (wrong_permille as f64 / 1000.0).log10(), 1) } else { (0.0, 0) }
        };
        let all = [
            of(is_plate_other, self.reading.plate_look_wrong_permille.value),
            of(is_type_other, self.reading.type_wrong_permille.value),
            of(is_color_other && self.is_light(visit), self.reading.color_wrong_permille.value),
        ];
        all.into_iter().fold((0.0, 0), |(score, count), (more, one)| (score + more, count + one))
    }

    /// No window with these visits has a greater score; found without looking at ways.
    fn at_most(&self, visits: &[Visit]) -> i64 {
        visits.iter().fold(0, |score, visit| {
            let disputed = if visit.is_disputed() { self.p.journey_score.value } else { 0 };
            let looks = if visit.look().is_same() { 0.0 } else { self.look_score(visit).0 };
            score + disputed + looks.ceil() as i64
        })
    }

    /// Splits visits into the longest possible journey and what must be set aside.
    fn journeys(&self, fit: &[&Visit]) -> Journeys {
        let mut longest: Vec<u32> = Vec::with_capacity(fit.len());
        let mut best: Vec<u32> = Vec::with_capacity(fit.len());
        let mut contradictions = Vec::new();
        for (index, visit) in fit.iter().enumerate() {
            let before = best.last().copied().unwrap_or(0);
            let (mut reached, mut against) = (0, None);
            for other in (0..index).rev() {
                if visit.at.ms_since(fit[other].at) > self.p.apart_max_minutes.value * MINUTE_MS {
                    reached = reached.max(best[other]);
                    break;
                }
                match self.contradiction(fit[other], visit) {
                    None => reached = reached.max(longest[other]),
                    Some(found) if against.is_none() => against = Some((other, found)),
                    Some(_) => {}
                }
            }
            longest.push(reached + 1);
            best.push(before.max(reached + 1));
            if let Some((other, found)) = against.filter(|_| reached < before) {
                contradictions.push((other, index, found));
            }
        }
        Journeys { contradictions }
    }

    /// The visit from which on no single place explains the contradictions.
    fn robust_from(&self, fit: &[&Visit], journeys: &Journeys) -> Option<usize> {
        let (earlier, later, _) = journeys.contradictions.first()?;
        [*earlier, *later].into_iter().try_fold(0, |from, suspect| {
            let place = fit[suspect].place();
            let kept: Vec<usize> = (0..fit.len()).filter(|index| fit[*index].place() != place).collect();
            let without: Vec<&Visit> = kept.iter().map(|index| fit[*index]).collect();
            let (_, still, _) = *self.journeys(&without).contradictions.first()?;
            Some(from.max(kept[still]))
        })
    }

    /// The score of looks: of all visits, or of those by daylight, since a colour could have been picked out of these only.
    fn looks(&self, fit: &[&Visit]) -> f64 {
        let by_daylight: Vec<&Visit> = fit.iter().copied().filter(|visit| self.is_light(visit)).collect();
        self.looks_among(fit).max(self.looks_among(&by_daylight))
    }

    fn looks_among(&self, fit: &[&Visit]) -> f64 {
        let mut other: Vec<(f64, i64, u32)> = fit
            .iter()
            .map(|visit| (visit, self.look_score(visit)))
            .filter(|(_, (score, _))| *score > 0.0)
            .map(|(visit, (score, count))| (score, count, visit.place()))
            .collect();
        other.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.2.cmp(&b.2)));
        // One camera can be wrong about one vehicle time and again.
        let mut places: Vec<u32> = Vec::new();
        other.retain(|(_, _, place)| {
            places.push(*place);
            let seen = places.iter().filter(|known| *known == place).count();
            seen as i64 <= self.p.place_sightings_max.value
        });
        let (mut sum, mut best, mut differing) = (0.0, 0.0, 0);
        for (index, (score, count, _)) in other.iter().enumerate() {
            sum += score;
            let chance = sum - picks_score(fit.len(), index + 1);
            if chance > best {
                best = chance;
                differing = differing.max(*count);
            }
        }
        if best <= 0.0 {
            return 0.0;
        }
        // The other way round: the file is wrong, and the camera sees the registered look by mistake.
        let alike = fit.iter().filter(|visit| visit.look().is_same()).count();
        let typical = sum / other.len() as f64;
        let against_file = alike as f64 * typical - picks_score(fit.len(), alike);
        best.min(against_file.max(0.0) + (differing * self.p.file_wrong_score.value) as f64)
    }

    fn warning(&self, track: &Track, verdict: &Verdict<'_>, turn: &Turn, from: Timestamp) -> Option<Warning> {
        let last = verdict.told.last()?;
        let context = self.context;
        let model = &context.models_at(last, turn.file.as_ref()).clone_plate;
        if !model.is_enabled {
            return None;
        }
        let evidence: Vec<Observation> =
            verdict.told.iter().map(|visit| track.observation(visit, context.names)).collect();
        let finding = Finding {
            model: ModelId::ClonePlate,
            version: model.version,
            identity: &[&vehicle_bytes(turn.vehicle), &from.unix_ms().to_le_bytes()],
            subject: Subject {
                vehicle: Some(turn.vehicle),
                plate_text: evidence.last().and_then(plate_text),
                device: None,
            },
            level: model.level.unwrap_or(domain::Level::High),
            actionable_seconds: model.actionable_seconds,
            detail: Detail::ClonePlate {
                evidence: verdict.evidence.clone(),
                contradiction_count: verdict.count,
                first_at: verdict.first_at,
                needs_earlier: verdict.needs_earlier,
            },
            occurred_at: Some(last.at),
            evidence,
        };
        Some(finding.into_warning(context.reference))
    }
}

/// What a window shows.
struct Window<'j, 'v, 'a, 'c> {
    judge: &'j Judge<'a, 'c>,
    fit: Vec<&'v Visit>,
    journeys: Journeys,
    /// The score of the first contradictions, by how many.
    journey_scores: Vec<f64>,
    /// The visit from which on no single place explains the contradictions.
    robust_from: Option<usize>,
    /// Whether a look other than the registered one says anything.
    can_look: bool,
    /// Handed on by the windows before.
    carried: f64,
}

impl<'j, 'v, 'a, 'c> Window<'j, 'v, 'a, 'c> {
    fn new(judge: &'j Judge<'a, 'c>, visits: &'v [Visit], turn: &Turn, carried: u32) -> Self {
        let fit: Vec<&Visit> = visits.iter().filter(|visit| judge.is_fit(visit)).collect();
        let journeys = judge.journeys(&fit);
        let robust_from = judge.robust_from(&fit, &journeys);
        let rivals = Rivals::of(turn, judge.context);
        let mut sum = 0.0;
        let of_visit = |index: usize| judge.journey_score(fit[index], &rivals);
        let journey_scores = journeys.contradictions.iter().map(|(earlier, later, _)| {
            sum += of_visit(*earlier).min(of_visit(*later));
            sum
        });
        Self {
            journey_scores: journey_scores.collect(),
            // Where the number is that of two vehicles, the look says which was meant.
            can_look: turn.file.is_some() && !rivals.is_shared,
            carried: f64::from(carried),
            judge,
            fit,
            journeys,
            robust_from,
        }
    }

    fn looks(&self, until: usize) -> f64 {
        if self.can_look { self.judge.looks(&self.fit[..until]) } else { 0.0 }
    }

    /// The score of what the windows after this one go by; 0 when it is too little to be kept.
    fn handed_on(&self) -> u32 {
        let journeys = self.robust_from.and(self.journey_scores.last()).copied().unwrap_or_default();
        let score = journeys + self.looks(self.fit.len());
        if score >= self.judge.p.own_score_min.value as f64 { score as u32 } else { 0 }
    }

    fn verdict(&self) -> Option<Verdict<'v>> {
        let p = self.judge.p;
        let score_min = p.score_min.value as f64;
        let own = |index: usize, is_journey: bool| {
            let count = if is_journey { self.journeys.aside_count(index) } else { 0 };
            let journeys = count.checked_sub(1).map_or(0.0, |last| self.journey_scores[last]);
            journeys + self.looks(index + 1)
        };
        let enough = |score: f64| {
            score >= score_min || score >= p.own_score_min.value as f64 && score + self.carried >= score_min
        };
        // After days that no single place explains, one contradiction needn't be beyond doubt by itself.
        let journeys_from = if self.carried > 0.0 {
            self.journeys.contradictions.first().map(|(_, later, _)| *later)
        } else {
            self.robust_from
        };
        let by_journeys = journeys_from
            .and_then(|from| (from..self.fit.len()).find(|index| enough(own(*index, true))))
            .map(|first| {
                let is_by_one_place = self.robust_from.is_none_or(|robust| first < robust);
                (self.told_by_journeys(first), is_by_one_place || own(first, true) < score_min)
            });
        let (verdict, needs_earlier) = by_journeys.or_else(|| {
            let first = (0..self.fit.len()).find(|index| enough(own(*index, false)))?;
            Some((self.told_by_look(first), own(first, false) < score_min))
        })?;
        Some(Verdict { needs_earlier, ..verdict })
    }

    fn told_by_journeys(&self, first: usize) -> Verdict<'v> {
        let (fit, all) = (&self.fit, &self.journeys.contradictions);
        let doubled = all[(1_usize << all.len().ilog2()) - 1].1;
        let last = first.max(doubled);
        let count = self.journeys.aside_count(last);
        let told = all[..count].iter().flat_map(|(earlier, later, _)| [*earlier, *later]).chain([last]);
        let (earlier, later, found) = all[count - 1];
        let name = |index: usize| CheckpointId(self.judge.context.names.name(fit[index].place()));
        let evidence = CloneEvidence::Journey {
            from: name(earlier),
            to: name(later),
            elapsed_ms: found.elapsed_ms,
            shortest_ms: found.shortest_ms,
        };
        Verdict::new(fit, told.collect(), evidence, count)
    }

    fn told_by_look(&self, first: usize) -> Verdict<'v> {
        let fit = &self.fit;
        let others: Vec<usize> =
            (0..fit.len()).filter(|index| self.judge.look_score(fit[*index]).0 > 0.0).collect();
        let doubled = others[(1_usize << others.len().ilog2()) - 1];
        let last = first.max(doubled);
        let mut told: Vec<usize> = others.into_iter().filter(|index| *index <= last).collect();
        let count = told.len();
        let Look { is_plate_other, is_type_other, is_color_other } = fit[told[count - 1]].look();
        // The other side: how it looks when it is the registered one.
        told.extend((0..last).rev().find(|index| fit[*index].look().is_same()));
        told.push(last);
        let evidence = CloneEvidence::Look { is_plate_other, is_type_other, is_color_other };
        Verdict::new(fit, told, evidence, count)
    }
}

/// The score by which a choice of `taken` among `count` must be lessened: there are so many ways to choose.
fn picks_score(count: usize, taken: usize) -> f64 {
    (0..taken).map(|pick| ((count - pick) as f64 / (pick + 1) as f64).log10() * 10.0).sum()
}
