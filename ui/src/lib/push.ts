// Notices to this browser while the page is closed (web push). It works where the browser reaches its maker's push service, over HTTPS.
import { notices, type PushDevice } from '@/api/notice'
import { installWorker } from '@/road/install'

/** Why this browser can't be pushed to. */
export type NoPush = 'unable' | 'insecure' | 'refused' | 'no_service'
export class PushTrouble extends Error {
  constructor(readonly why: NoPush) {
    super(why)
  }
}

/** As the server knows a browser: by the end of its address. */
const MARK_CHARACTERS = 12
export const markOf = (endpoint: string): string => endpoint.slice(-MARK_CHARACTERS)

/** What stands in the way here, before anybody is asked. */
export function obstacle(): NoPush | null {
  if (!globalThis.isSecureContext) return 'insecure'
  return 'serviceWorker' in navigator && 'PushManager' in globalThis && 'Notification' in globalThis ? null : 'unable'
}

const subscription = async (): Promise<PushSubscription | null> => {
  if (obstacle()) return null
  const registration = await navigator.serviceWorker.getRegistration('/road')
  return (await registration?.pushManager.getSubscription()) ?? null
}
/** The mark of this browser, while it is subscribed. */
export const ownMark = async (): Promise<string | null> => {
  const own = await subscription().catch(() => null)
  return own && markOf(own.endpoint)
}

function bytesOf(base64url: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64url.replace(/-/g, '+').replace(/_/g, '/'))
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}

/** Asks the person, the browser and the server, in this order. */
export async function subscribe(public_key: string): Promise<PushDevice> {
  const why = obstacle()
  if (why) throw new PushTrouble(why)
  if ((await Notification.requestPermission()) !== 'granted') throw new PushTrouble('refused')
  const registration = await installWorker()
  if (!registration) throw new PushTrouble('unable')
  const key = bytesOf(public_key)
  let own: PushSubscription
  try {
    const before = await registration.pushManager.getSubscription()
    // The key of another installation: the browser takes one at a time.
    const known = before?.options.applicationServerKey
    if (before && known && !sameBytes(new Uint8Array(known), key)) await before.unsubscribe()
    own = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key })
  } catch {
    throw new PushTrouble('no_service')
  }
  const { endpoint, keys } = own.toJSON()
  return notices.addPush({
    endpoint: endpoint!,
    keys: { p256dh: keys!.p256dh!, auth: keys!.auth! },
    device: navigator.userAgent,
  })
}
const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((it, i) => it === b[i])

/** Signs this browser off, at its service and here: whoever leaves must not be told things before the next one's eyes. */
export async function unsubscribe(): Promise<void> {
  const own = await subscription().catch(() => null)
  if (!own) return
  const mark = markOf(own.endpoint)
  const [known] = await Promise.allSettled([notices.pushes(), own.unsubscribe()])
  if (known.status !== 'fulfilled') return
  const device = known.value.devices.find((it) => it.mark === mark)
  if (device) await notices.removePush(device.id).catch(() => undefined)
}
