import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { faults, publishing } from '../../deploy/release.ts'
import manifest from '../../package.json' with { type: 'json' }
import { openShell } from './shell.ts'

const { version } = manifest

t.test('a dry run checks, packages the chart, and says what it leaves out and what would be pushed', async (t) => {
  const output = t.testdir({})
  const { run } = openShell(t, { tools: [] })
  const home = process.env['HOME'] ?? ''
  const { code, stdout, stderr } = await run(`HOME='${home}' '${process.execPath}' ../../deploy/release.ts --dry-run --output '${output}'`)
  t.equal(code, 0, stderr)
  t.match(stderr, `usher ${version}, wire format 1: all versions agree\n`)
  t.match(stderr, /npm audit (?:knows|has no answer)/)
  t.match(stderr, 'left out: the native programs, the bundles and the images for amd64 and arm64\n')
  t.strictSame(readdirSync(output).toSorted(), ['SHA256SUMS', `usher-${version}.tgz`, `usher-${version}.yaml`].toSorted())
  for (const line of readFileSync(join(output, 'SHA256SUMS'), 'utf8').trimEnd().split('\n')) {
    const [sum, file = ''] = line.split('  ')
    t.equal(sum, createHash('sha256').update(readFileSync(join(output, file))).digest('hex'), file)
  }
  for (const line of [`git tag v${version}`, `docker-archive:${join(output, `usher-wait-${version}-arm64.tar`)}`, `helm push ${join(output, `usher-${version}.tgz`)}`]) {
    t.match(stdout, line)
  }
})

t.test('nothing in this tree keeps it from being released, but for what git knows', async (t) => {
  t.strictSame(faults(), [])
})

t.test('each image is published once for all architectures', async (t) => {
  const files = ['amd64', 'arm64'].map((each) => ({ name: 'usher', file: `${each}.tar` }))
  t.strictSame(publishing(files, 'chart.tgz').split('\n').slice(1), [
    `buildah manifest create usher:${version}`,
    `buildah manifest add usher:${version} docker-archive:amd64.tar`,
    `buildah manifest add usher:${version} docker-archive:arm64.tar`,
    `buildah manifest push --all usher:${version} docker://$REGISTRY/usher:${version}`,
    'helm push chart.tgz oci://$REGISTRY/charts',
  ])
})
