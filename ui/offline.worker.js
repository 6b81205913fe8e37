// The service worker of the pages under /road; `offline.plugin.ts` fills in the version and the files at build.
// It answers for the page and its own files only. The API is never cached here: what the phone may show without a network
// the page keeps itself, by person.
const VERSION = 'VERSION'
const FILES = [] /* FILES */
const PREFIX = 'anchang-road-'
const CACHE = PREFIX + VERSION
/** A network that does not answer within this is none. */
const NETWORK_MS_MAX = 4000

self.addEventListener('install', (event) => {
  const fresh = FILES.map((file) => new Request(file, { cache: 'reload' }))
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.addAll(fresh))
      .then(() => self.skipWaiting()),
  )
})
self.addEventListener('activate', (event) => {
  const drop = (names) =>
    names.filter((name) => name.startsWith(PREFIX) && name !== CACHE).map((it) => caches.delete(it))
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(drop(names)))
      .then(() => self.clients.claim()),
  )
})

/** The page from the network, so that a new version is seen at once; else as it was kept. */
async function page(request) {
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout?.(NETWORK_MS_MAX) })
    if (answer.ok) return answer
    throw new Error(String(answer.status))
  } catch {
    return (await caches.match('/', { cacheName: CACHE })) ?? Response.error()
  }
}
self.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== self.location.origin || url.pathname.startsWith('/api/')) return
  if (request.mode === 'navigate') event.respondWith(page(request))
  else if (FILES.includes(url.pathname))
    event.respondWith(caches.match(url.pathname, { cacheName: CACHE }).then((kept) => kept ?? fetch(request)))
})

// ---- What is pushed -------------------------------------------------------------------------------------------------
// The server says what it is and where it leads; see `notice::push`. A newer one of the same case takes the place of the older.

self.addEventListener('push', (event) => {
  let told
  try {
    told = event.data?.json() ?? {}
  } catch {
    told = {}
  }
  const { title = '安畅', body = '', tag, is_urgent = false } = told
  // On a phone the pages of the road are the ones at hand.
  const url = (/Mobile|Android/.test(navigator.userAgent) && told.road_url) || told.url || '/notices'
  event.waitUntil(
    self.registration.showNotification(title, {
      body,
      tag,
      renotify: Boolean(tag),
      requireInteraction: is_urgent,
      icon: '/icon-192.png',
      badge: '/icon-192.png',
      lang: 'zh-CN',
      data: { url: /^\/(?!\/)/.test(url) ? url : '/notices' },
    }),
  )
})
/** A page of ours that is open is used, else one is opened. A page outside the worker's scope can be brought forward, not moved. */
async function lead(url) {
  const pages = await self.clients.matchAll({ type: 'window', includeUncontrolled: true })
  const there = pages.find((page) => new URL(page.url).pathname === url)
  if (there) return there.focus()
  const road = pages.find((page) => new URL(page.url).pathname.startsWith('/road'))
  if (road && url.startsWith('/road')) return (await road.navigate(url))?.focus()
  return self.clients.openWindow(url)
}
self.addEventListener('notificationclick', (event) => {
  event.notification.close()
  event.waitUntil(lead(event.notification.data?.url ?? '/notices'))
})
