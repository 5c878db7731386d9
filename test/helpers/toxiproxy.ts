import { freePort } from '../../scripts/services/network.ts'
import { serviceVariable } from './services.ts'

export interface Proxy {
  /** host:port to which the client connects in place of the service. */
  readonly address: string
  /** Refuses connections and cuts those that are open. */
  cut(): Promise<void>
  mend(): Promise<void>
  /**
   * Adds a fault of Toxiproxy, such as `{ type: 'latency', attributes: { latency: 500 } }`. By default it affects
   * what the service sends; `stream: 'upstream'` is the other direction.
   */
  add(toxic: { type: string; stream?: 'upstream' | 'downstream'; attributes?: object }): Promise<void>
  /** Takes away what `add` has added. */
  clear(): Promise<void>
  close(): Promise<void>
}

/** A proxy in front of `upstream` (host:port). */
export const startProxy = async (upstream: string): Promise<Proxy> => {
  const url = `${serviceVariable('CODRAFT_TEST_TOXIPROXY_URL')}/proxies`
  const call = async (method: string, path: string, body?: object): Promise<unknown> => {
    const response = await fetch(`${url}${path}`, { method, ...(body && { body: JSON.stringify(body) }) })
    if (!response.ok) throw new Error(`Toxiproxy: ${response.status} ${await response.text()}`)
    return response.status === 204 ? undefined : response.json()
  }
  const name = crypto.randomUUID()
  const address = `127.0.0.1:${await freePort()}`
  await call('POST', '', { name, upstream, listen: address, enabled: true })
  const enable = async (enabled: boolean): Promise<void> => {
    await call('POST', `/${name}`, { enabled })
  }
  return {
    address,
    cut: () => enable(false),
    mend: () => enable(true),
    async add(toxic) {
      await call('POST', `/${name}/toxics`, toxic)
    },
    async clear() {
      const toxics = (await call('GET', `/${name}/toxics`)) as { name: string }[]
      for (const toxic of toxics) await call('DELETE', `/${name}/toxics/${toxic.name}`)
    },
    async close() {
      await call('DELETE', `/${name}`)
    },
  }
}
