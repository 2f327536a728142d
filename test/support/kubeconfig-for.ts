import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { FakeApiServer } from './fake-api-server.ts'

/** Writes a kubeconfig that leads to a fake API server, and gives its file. */
export function kubeconfigFor(t: Test, { url }: Pick<FakeApiServer, 'url'>): string {
  const file = join(t.testdir({}), 'kubeconfig')
  writeFileSync(
    file,
    JSON.stringify({
      clusters: [{ name: 'a', cluster: { server: url, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'a', user: {} }],
      contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
      'current-context': 'a',
    }),
  )
  return file
}
