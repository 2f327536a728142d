import { type LogLine, logLines } from '../../job/instances/log-lines.ts'
import { textAt } from '../../check/json-paths.ts'
import { logPath } from '../read-log.ts'
import type { LogOwner, LogParts } from './log-output.ts'

/** A log that is open. */
export interface OpenLog {
  readonly lines: AsyncGenerator<readonly LogLine[]>
  /** Ends the connection. */
  close(): void
}

/**
 * Opens the log of a container.
 *
 * @param more what of the query is another than the wish has it: where it goes on, or that it does.
 * @throws as the client does: where there is no such log, or the API server does not give it.
 */
export async function openLog({ admin: { kube, config }, workload, wish, stopping }: LogParts, { pod, container }: LogOwner, more: Readonly<Record<string, string | undefined>> = {}): Promise<OpenLog> {
  const query = {
    container,
    timestamps: 'true',
    previous: wish.isPrevious ? 'true' : undefined,
    tailLines: wish.tail === undefined ? undefined : String(wish.tail),
    sinceSeconds: wish.sinceSeconds === undefined ? undefined : String(wish.sinceSeconds),
    ...more,
  }
  const answer = await kube.openAnswer(config, { path: logPath(textAt(workload, 'metadata', 'namespace') ?? '', pod), query, accept: '*/*', signal: stopping })
  return { lines: logLines(answer.chunks), close: answer.close }
}
