// When and where a photograph was taken, from its EXIF: drawing it smaller loses what the camera wrote, so it is read before.

export interface Shot {
  /** RFC 3339; cameras write local time, which is China's. */
  taken_at: string | null
  lon: number | null
  lat: number | null
}

const NOTHING: Shot = { taken_at: null, lon: null, lat: null }
const APP1 = 0xffe1
const SCAN = 0xffda
const TAG = { exif: 0x8769, gps: 0x8825, taken: 0x9003, offset: 0x9011, latRef: 1, lat: 2, lonRef: 3, lon: 4 }

type Entries = Map<number, { type: number; count: number; at: number }>

/** Reads the head of a JPEG; anything else, or anything broken, says nothing. */
export function readShot(bytes: ArrayBuffer): Shot {
  try {
    const view = new DataView(bytes)
    const tiff = findTiff(view)
    return tiff === null ? NOTHING : readTiff(view, tiff)
  } catch {
    // A cut or crooked block ends in a RangeError.
    return NOTHING
  }
}

function findTiff(view: DataView): number | null {
  if (view.getUint16(0) !== 0xffd8) return null
  for (let at = 2; at < view.byteLength - 4;) {
    const marker = view.getUint16(at)
    if (marker === SCAN || marker >>> 8 !== 0xff) return null
    // "Exif\0\0" stands before the TIFF header.
    if (marker === APP1 && view.getUint32(at + 4) === 0x45786966) return at + 10
    at += 2 + view.getUint16(at + 2)
  }
  return null
}

function readTiff(view: DataView, tiff: number): Shot {
  const is_little = view.getUint16(tiff) === 0x4949
  const u16 = (at: number) => view.getUint16(tiff + at, is_little)
  const u32 = (at: number) => view.getUint32(tiff + at, is_little)
  const directory = (at: number): Entries => {
    const entries: Entries = new Map()
    for (let i = 0, count = u16(at); i < count; i++) {
      const entry = at + 2 + i * 12
      entries.set(u16(entry), { type: u16(entry + 2), count: u32(entry + 4), at: entry + 8 })
    }
    return entries
  }
  const text = (entries: Entries, tag: number): string => {
    const entry = entries.get(tag)
    if (!entry || entry.count > 64) return ''
    const from = entry.count <= 4 ? entry.at : u32(entry.at)
    let out = ''
    for (let i = 0; i < entry.count; i++) {
      const code = view.getUint8(tiff + from + i)
      if (code === 0) break
      out += String.fromCharCode(code)
    }
    return out
  }
  const degrees = (entries: Entries, tag: number, ref: string): number | null => {
    const entry = entries.get(tag)
    if (!entry || entry.count !== 3) return null
    const from = u32(entry.at)
    const [d, m, s] = [0, 8, 16].map((step) => u32(from + step) / (u32(from + step + 4) || 1)) as [
      number,
      number,
      number,
    ]
    const value = d + m / 60 + s / 3600
    return Number.isFinite(value) && value !== 0 ? value * (/[SW]/.test(ref) ? -1 : 1) : null
  }

  const root = directory(u32(4))
  const exif = root.has(TAG.exif) ? directory(u32(root.get(TAG.exif)!.at)) : (new Map() as Entries)
  const gps = root.has(TAG.gps) ? directory(u32(root.get(TAG.gps)!.at)) : (new Map() as Entries)
  const taken = /^(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)/.exec(text(exif, TAG.taken))
  const offset = /^[+-]\d\d:\d\d$/.exec(text(exif, TAG.offset))?.[0] ?? '+08:00'
  const ms = taken ? Date.parse(`${taken[1]}-${taken[2]}-${taken[3]}T${taken[4]}${offset}`) : NaN
  return {
    taken_at: Number.isNaN(ms) ? null : new Date(ms).toISOString(),
    lat: degrees(gps, TAG.lat, text(gps, TAG.latRef)),
    lon: degrees(gps, TAG.lon, text(gps, TAG.lonRef)),
  }
}
