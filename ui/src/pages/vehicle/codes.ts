// Codes offered in the forms; a code that is not here is still shown and kept as it is.

/** GA/T 16.7 plate classes that ordinary vehicles carry. */
export const PLATE_CLASSES_COMMON = ['01', '02', '51', '52', '07', '08', '13', '15', '16', '22', '23'] as const
/** GA/T 16.4 vehicle types. */
export const VEHICLE_TYPES = [
  'K11', 'K12', 'K13', 'K17', 'K18', 'K21', 'K27', 'K28', 'K31', 'K32', 'K33', 'K38', 'K39', 'K41', 'K43', 'K49',
  'H11', 'H12', 'H14', 'H17', 'H21', 'H22', 'H31', 'H32', 'H37', 'H41', 'Q11', 'Q21', 'B11', 'B14', 'G11', 'M11', 'M21', 'M22', 'N11', 'Z11', 'T11',
] as const // prettier-ignore
/** GA/T 16.3 uses. */
export const USES = [...'ABCDEFGHIJKLMNOPQRS']
/** GA/T 16.8 body colours. */
export const BODY_COLORS = [...'ABCDEFGHIJ']
export const KEY_CLASSES = [
  'scheduled_coach',
  'tour_coach',
  'dangerous_goods',
  'heavy_goods',
  'minivan',
  'school_bus',
  'farm_tricycle',
] as const
