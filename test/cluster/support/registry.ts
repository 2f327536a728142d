import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { builtFolder } from '../../go-tools/tool-folder.ts'
import { attempt } from '../run.ts'
import { machineFile } from '../folders.ts'
import { holderOf, startOn } from '../machine.ts'
import { ctr } from '../node.ts'
import type { Machine } from '../plan.ts'
import { type Part, stopPart } from '../processes.ts'
import { waitUntil } from '../wait.ts'

/** Who may pull where a registry asks. The password's hash is bcrypt's, of `turnstile`. */
export const puller = { name: 'usher', password: 'turnstile', hash: '$2a$04$bS.f1PyAv.cwsfZMJIZfqu6iCPinMY4LzKelHatk.HTfpnUV9o4by' } as const

/** A registry on a node, which that node alone reaches, at its own loopback. */
export interface Registry {
  /** What names of its images begin with. */
  readonly host: string
  start(): Promise<void>
  stop(): Promise<void>
}

/** Prepares a registry; all of a node have the same images. `isPrivate`: nothing is told to whoever is not {@link puller}. */
export function registryOn(node: Machine, port: number, { isPrivate }: { readonly isPrivate: boolean }): Registry {
  const host = `127.0.0.1:${port}`
  const users = machineFile(node.name, `registry-${port}.users`)
  const config = machineFile(node.name, `registry-${port}.json`)
  let part: Part | undefined
  return {
    host,
    async start() {
      mkdirSync(join(config, '..'), { recursive: true })
      writeFileSync(users, `${puller.name}:${puller.hash}\n`)
      const auth = isPrivate ? { auth: { htpasswd: { realm: 'usher', path: users } } } : {}
      // JSON is YAML, too.
      writeFileSync(config, JSON.stringify({ version: 0.1, storage: { filesystem: { rootdirectory: '/var/lib/registry' } }, http: { addr: host, secret: 'only a test' }, ...auth }))
      part = startOn(node, `registry-${port}`, [join(builtFolder('registry'), 'registry'), 'serve', config])
      const asking = ['--target', String(holderOf(node).pid), '--net', process.execPath, '-e', `fetch('http://${host}/v2/').then(() => process.exit(0), () => process.exit(1))`]
      await waitUntil(`the registry at ${host} answers`, async () => (await attempt('nsenter', asking)).code === 0)
    },
    async stop() {
      if (part !== undefined) await stopPart(part)
      part = undefined
    },
  }
}

/** Puts an image of a node into a registry of it that asks nobody, and takes its new name from the node again, so that it has to be pulled. */
export async function push(node: Machine, image: string, { host }: Registry, name: string): Promise<void> {
  const pushed = `${host}/${name}`
  await ctr(node, ['images', 'tag', '--force', image, pushed])
  await ctr(node, ['images', 'push', '--plain-http', pushed])
  await ctr(node, ['images', 'rm', '--sync', pushed])
}
