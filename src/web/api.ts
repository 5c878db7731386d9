import { explain, type Problem } from './problem.ts'
import type { TokenSource } from './tokens.ts'

/** A request that the server has refused, or that has not reached it. */
export class ApiError extends Error {
  readonly problem: Problem
  constructor(problem: Problem) {
    super(problem.text)
    this.problem = problem
  }
}

const unreachable: Problem = {
  code: undefined,
  title: 'The server does not answer',
  text: 'Check your connection and try again.',
  blocking: false,
  passing: false,
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface Api {
  /** Answers the JSON of the route. @throws {ApiError} */
  json<Answer>(method: Method, path: string, body?: unknown): Promise<Answer>
  /** @throws {ApiError} */
  text(path: string): Promise<string>
  /** The path of this document, and what follows it. */
  path(rest?: string): string
}

/** The routes under `/api`, as the user of the page. */
export const createApi = (tokens: TokenSource, documentName: string): Api => {
  const send = async (method: Method, path: string, body?: unknown): Promise<Response> => {
    const token = await tokens.get().catch((error: unknown) => {
      throw new ApiError(explain(error instanceof Error ? error.message : ''))
    })
    const response = await fetch(path, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    }).catch(() => undefined)
    if (!response) throw new ApiError(unreachable)
    if (!response.ok) throw new ApiError(explain(await response.text()))
    return response
  }
  return {
    async json<Answer>(method: Method, path: string, body?: unknown): Promise<Answer> {
      const response = await send(method, path, body)
      return (response.status === 204 ? undefined : await response.json()) as Answer
    },
    text: async (path) => (await send('GET', path)).text(),
    path: (rest = '') => `/api/documents/${encodeURIComponent(documentName)}${rest}`,
  }
}

/** What to tell the person at the page. */
export const messageOf = (error: unknown): string =>
  error instanceof ApiError ? error.message : 'Something went wrong on this page. Try again.'
