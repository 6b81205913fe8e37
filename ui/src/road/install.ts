// Makes the pages of the road open without a network: the worker keeps their files; the manifest lets the phone put them on its
// first screen. Both need HTTPS (or localhost); over plain http everything but opening without a network still works. The same worker
// shows what is pushed to this browser.

/** Whether this phone can open the page without a network at all. */
export const can_open_offline = 'serviceWorker' in navigator && globalThis.isSecureContext

/** The worker; null where there is none. While the page is developed there is none, and without one nothing else changes. */
export async function installWorker(): Promise<ServiceWorkerRegistration | null> {
  if (!can_open_offline || !import.meta.env.PROD) return null
  try {
    const registration = await navigator.serviceWorker.register('/sw.js', { scope: '/road' })
    await activated(registration)
    return registration
  } catch {
    return null
  }
}
/** A subscription needs a worker that is at work; `ready` waits for one of this page, and the desk is outside its scope. */
async function activated({ installing, waiting, active }: ServiceWorkerRegistration): Promise<void> {
  const coming = installing ?? waiting
  if (active || !coming) return
  await new Promise<void>((resolve) => {
    coming.addEventListener('statechange', () => {
      if (coming.state === 'activated' || coming.state === 'redundant') resolve()
    })
  })
}

let is_done = false
export function installForOffline(): void {
  if (is_done) return
  is_done = true
  document.head.append(
    Object.assign(document.createElement('link'), { rel: 'manifest', href: '/manifest.webmanifest' }),
  )
  void installWorker()
}
