import type { Line, LineHandlers, Message } from './Line.ts'

/** A connection without a sign of life is given up by the server after 60 s. */
const pingMs = 20_000

/** A connection of server-sent events, with POST back, for networks that let no WebSocket through. */
export const openEventStream = (url: string, handlers: LineHandlers): Line => {
  const address = url.replace(/^ws/, 'http')
  const abort = new AbortController()
  const { signal } = abort
  let target: string | undefined
  let waiting: string[] = []
  let isSending = false

  const close = (reason: string): void => {
    if (signal.aborted) return
    clearInterval(pinging)
    abort.abort()
    handlers.closed(reason)
  }

  /** Messages keep their order: those that come meanwhile go together, afterwards. */
  const post = async (): Promise<void> => {
    if (isSending || !target || waiting.length === 0) return
    isSending = true
    const body = waiting.join('\n')
    waiting = []
    const { ok } = await fetch(target, { method: 'POST', body, signal })
    isSending = false
    if (ok) await post()
    else close('')
  }

  const send = (message: object): void => {
    waiting.push(JSON.stringify(message))
    post().catch(() => close(''))
  }

  const received = (event: string): void => {
    const [, name, data = ''] = /^(?:event: (.*)\n)?data: (.*)$/.exec(event) ?? []
    if (name === 'open') {
      target = `${address}${address.includes('?') ? '&' : '?'}connection=${data}`
      handlers.opened()
    } else if (name === 'close') close(data)
    else if (data && !signal.aborted) handlers.received(JSON.parse(data) as Message)
  }

  const read = async (): Promise<void> => {
    const response = await fetch(address, { headers: { accept: 'text/event-stream' }, signal })
    if (!response.ok || !response.body) {
      close(((await response.json()) as { code: string }).code)
      return
    }
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      const events = (text + value).split('\n\n')
      text = events.pop() ?? ''
      for (const event of events) received(event)
    }
  }

  const pinging = setInterval(() => send({ type: 'ping' }), pingMs)
  read().then(
    () => close(''),
    () => close(''),
  )
  return { send, close: () => close('') }
}
