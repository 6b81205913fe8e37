// Where this phone or computer stands, and how far that is from somewhere.

export interface Fix {
  lon: number
  lat: number
  /** Radius in metres within which it is. */
  accuracy_m: number
}
/** Why nobody knows: no way to ask here (plain http), refused by the person, or no signal. */
export type NoFix = 'unavailable' | 'refused' | 'no_signal'

export class PositionError extends Error {
  constructor(readonly why: NoFix) {
    super(why)
  }
}

const WAIT_MS = 15_000
/** A fix of half a minute ago is still where a person stands. */
const AGE_MS_MAX = 30_000

/** Asks the device. Throws a `PositionError`. */
export function whereAmI(wait_ms = WAIT_MS, age_ms_max = AGE_MS_MAX): Promise<Fix> {
  return new Promise((resolve, reject) => {
    if (!('geolocation' in navigator) || !globalThis.isSecureContext) return reject(new PositionError('unavailable'))
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => resolve({ lon: coords.longitude, lat: coords.latitude, accuracy_m: coords.accuracy }),
      (error) => reject(new PositionError(error.code === error.PERMISSION_DENIED ? 'refused' : 'no_signal')),
      { enableHighAccuracy: true, timeout: wait_ms, maximumAge: age_ms_max },
    )
  })
}

/** The same where a position is welcome and not needed: null without one, soon. */
export const whereAmIOrNull = (wait_ms = 4_000): Promise<Fix | null> => whereAmI(wait_ms).catch(() => null)

interface Point {
  lon: number
  lat: number
}
const EARTH_M = 6_371_008.8
/** Metres between two points. */
export function distance_m(a: Point, b: Point): number {
  const rad = Math.PI / 180
  const half = (x: number) => Math.sin((x * rad) / 2) ** 2
  const h = half(b.lat - a.lat) + Math.cos(a.lat * rad) * Math.cos(b.lat * rad) * half(b.lon - a.lon)
  return 2 * EARTH_M * Math.asin(Math.min(1, Math.sqrt(h)))
}

/** `85 m`, `1.2 km` */
export const distanceText = (metres: number): string =>
  metres < 1000 ? `${Math.round(metres)} m` : `${(metres / 1000).toFixed(1)} km`

/** Farther than this from a hazard an acceptance is usually refused; the server's setting decides. */
export const ACCEPTANCE_M_USUAL = 200
