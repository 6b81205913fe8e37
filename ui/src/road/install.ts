// Makes the pages of the road open without a network: the worker keeps their files; the manifest lets the phone put them on its
// first screen. Both need HTTPS (or localhost); over plain http everything but opening without a network still works.

/** Whether this phone can open the page without a network at all. */
export const can_open_offline = 'serviceWorker' in navigator && globalThis.isSecureContext

let is_done = false
export function installForOffline(): void {
  if (is_done) return
  is_done = true
  document.head.append(
    Object.assign(document.createElement('link'), { rel: 'manifest', href: '/manifest.webmanifest' }),
  )
  // While the page is developed there is no worker; without one nothing else changes.
  if (can_open_offline && import.meta.env.PROD)
    void navigator.serviceWorker.register('/sw.js', { scope: '/road' }).catch(() => undefined)
}
