// Words that parameters are made of: kinds of alarms, behaviours that cameras see.
export const ALARMS: readonly string[] = [
  'sos',
  'fatigue',
  'overspeed',
  'collision',
  'rollover',
  'dsm_fatigue',
  'dsm_phone',
  'dsm_smoking',
  'dsm_distraction',
  'dsm_abnormal',
  'adas',
  'other',
]
export const BEHAVIOURS: readonly string[] = [
  'wrong_way',
  'plate_covered',
  'no_belt',
  'phone',
  'no_helmet',
  'overcrowded',
  'carrying_people',
]
/** Sets of which a parameter draws from one. */
export const KNOWN_WORDS: readonly (readonly string[])[] = [ALARMS, BEHAVIOURS]
