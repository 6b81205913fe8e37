// The way to a place by the navigation of the phone. Chinese maps count in GCJ-02; the shift happens here, at the edge.
import { toDatum } from './datum'

export interface Goal {
  lon: number
  lat: number
  name: string
}

const short = (value: number): string => value.toFixed(6)

/** Amap, as its app registers itself with Android and iOS. */
export function amapUri({ lon, lat, name }: Goal, is_apple = false): string {
  const [x, y] = toDatum([lon, lat], 'gcj02')
  const query = new URLSearchParams({
    sourceApplication: 'anchang',
    dname: name,
    dlat: short(y),
    dlon: short(x),
    dev: '0',
    t: '0',
  })
  return `${is_apple ? 'iosamap://path' : 'amapuri://route/plan/'}?${query}`
}

/** Any other map of the phone: RFC 5870, in WGS-84 as it says. */
export const geoUri = ({ lon, lat, name }: Goal): string =>
  `geo:${short(lat)},${short(lon)}?q=${short(lat)},${short(lon)}(${encodeURIComponent(name)})`

export const isApple = (): boolean => /iPhone|iPad|Macintosh/.test(navigator.userAgent) && navigator.maxTouchPoints > 0
