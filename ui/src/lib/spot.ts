// A place in words, from what is known of it.
import type { Spot } from '@/api/case'
import { chainageText } from './chainage'

/** `G205 K12+300 老坡村路口`, else degrees, else a dash. */
export function spotText(spot: Spot | null | undefined): string {
  if (!spot) return '—'
  const post = typeof spot.chainage_m === 'number' ? chainageText(spot.chainage_m) : ''
  const words = [spot.route, post, spot.description].filter(Boolean).join(' ')
  if (words) return words
  return spot.at ? `${spot.at.lon.toFixed(5)}, ${spot.at.lat.toFixed(5)}` : '—'
}
