/**
 * Lets the page open without the server: the document is on the device already, and this keeps the page itself.
 * The page comes from the network whenever there is one; its assets have a hash in their name and never change.
 */
const cacheName = 'codraft-page'
const page = '/'

const assetsOf = (html) => [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path)

/** Keeps this page, and of the assets those that it names. */
const keep = async (response) => {
  const cache = await caches.open(cacheName)
  const assets = assetsOf(await response.clone().text())
  await cache.put(page, response)
  for (const request of await cache.keys()) {
    const { pathname } = new URL(request.url)
    if (pathname !== page && !assets.includes(pathname)) await cache.delete(request)
  }
  for (const path of assets) if (!(await cache.match(path))) await cache.add(path)
}

const openPage = async (event) => {
  try {
    const response = await fetch(event.request)
    if (response.ok) event.waitUntil(keep(response.clone()))
    if (response.status < 500) return response
  } catch {
    // Offline: the kept page follows.
  }
  return (await caches.match(page)) ?? Response.error()
}

const openAsset = async (request) => (await caches.match(request)) ?? fetch(request)

self.addEventListener('install', (event) => {
  self.skipWaiting()
  event.waitUntil(fetch(page).then(keep))
})

self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))

self.addEventListener('fetch', (event) => {
  const { method, mode, url } = event.request
  const { origin, pathname } = new URL(url)
  if (method !== 'GET' || origin !== self.location.origin) return
  if (mode === 'navigate' && pathname === page) event.respondWith(openPage(event))
  else if (pathname.startsWith('/assets/')) event.respondWith(openAsset(event.request))
})

self.addEventListener('push', (event) => {
  const { title, body, url, tag } = event.data.json()
  const shown = self.registration.showNotification(title, { body, tag, icon: '/favicon.svg', data: { url } })
  event.waitUntil(shown)
})

/** Whether a window shows what `url` leads to; it may have more in its own address. */
const shows = (windowUrl, url) => {
  const [shown, wanted] = [new URL(windowUrl), new URL(url)]
  return (
    shown.origin === wanted.origin &&
    shown.pathname === wanted.pathname &&
    [...wanted.searchParams].every(([name, value]) => shown.searchParams.get(name) === value)
  )
}

const openDocument = async (url) => {
  const windows = await self.clients.matchAll({ type: 'window', includeUncontrolled: true })
  const open = windows.find((client) => shows(client.url, url))
  await (open ? open.focus() : self.clients.openWindow(url))
}

self.addEventListener('notificationclick', (event) => {
  event.notification.close()
  event.waitUntil(openDocument(event.notification.data.url))
})
