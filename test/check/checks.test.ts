import { readFileSync } from 'node:fs'
import t from 'tap'
import { checks } from '../../src/check/checks.ts'
import { reportLines } from '../../src/check/report.ts'
import { runChecks } from '../../src/check/run-checks.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { facts, installation, told } from '../support/check-facts.ts'

t.test('every check has its section in the documentation, and every section its check', async (t) => {
  const text = readFileSync(new URL('../../docs/checks.md', import.meta.url), 'utf8')
  t.same([...text.matchAll(/^## (.*)$/gm)].map(([, title]) => title), checks.map(({ id }) => id), 'in the same order')
  for (const [, anchor] of text.matchAll(/\]\(#([^)]*)\)/g)) t.ok(checks.some(({ id }) => id === anchor), `#${anchor}`)
})

t.test('a check needs only what comes before it', async (t) => {
  for (const [index, { id, needs }] of checks.entries()) {
    const before = checks.slice(0, index).map((each) => each.id)
    for (const need of needs) t.ok(before.includes(need), `${id} needs ${need}`)
  }
})

t.test('what makes no sense is skipped, through what needs it in turn', async (t) => {
  const [api, ...rest] = runChecks(facts({ serverVersion: { kind: 'failed', message: 'connect ECONNREFUSED' } }))
  t.match(api, { id: 'api-reachable', outcome: 'failed', docs: 'https://usher.dev/docs/checks#api-reachable' })
  t.ok(rest.every(({ outcome, detail }) => outcome === 'skipped' && detail === 'it makes no sense before api-reachable is mended'))
  t.same(runChecks(facts(), ['versions']).map(({ id }) => id), ['versions'])
})

t.test('what keeps a check from being told is told with it, so that it counts as failed', async (t) => {
  const missing = { webhookConfigurations: told([]) }
  t.match(runChecks(facts(missing), ['injection']), [{ id: 'webhook-registered', outcome: 'failed' }, { id: 'injection', outcome: 'skipped' }])
  t.same(runChecks(facts(missing), ['lock-answers']).map(({ id }) => id), ['lock-answers'], 'and nothing else is')
})

t.test('for people: groups, a line each, and only of what is wrong how to mend it', async (t) => {
  const denied = Array.from({ length: 12 }, (_each, index) => `thing ${index}\u{1b}`)
  const lines = reportLines(runChecks(facts({ denied }), ['api-reachable', 'permissions']), (_color, text) => text)
  t.equal(lines[0], 'Cluster')
  t.equal(lines[1], '  √ api-reachable  https://here is Kubernetes v1.37.2')
  t.match(lines[2], /^ {2}‼ permissions {4}you may not look at 12 things/)
  t.same(lines.slice(3, 6).map((line) => line.trim()), ['thing 0?', 'thing 1?', 'thing 2?'])
  t.equal(lines[13]?.trim(), '… and 2 more (-o json has them)')
  t.match(lines[14], /^ +to mend it: /)
  t.equal(lines[15]?.trim(), 'https://usher.dev/docs/checks#permissions')
  t.equal(lines.at(-1), '1 warning, 1 ok')
})

t.test('a cluster in which all is well has nothing that is wrong', async (t) => {
  const wrong = runChecks(facts()).filter(({ outcome }) => outcome === 'failed' || outcome === 'warning')
  t.same(wrong.map(({ id }) => id), ['webhook-ca', 'webhook-certificate'], 'but for the certificates, which these facts do not have')
  t.equal(runChecks(facts({ kubeVersion: { major: 1, minor: 28 } }), ['api-version'])[0]?.outcome, 'failed')
  t.equal(runChecks(facts({ kubeVersion: { major: 1, minor: 38 } }), ['api-version'])[0]?.outcome, 'warning')
  t.match(runChecks(facts({ nodes: told([{ metadata: { name: 'worker-1' } }, { metadata: { name: 'worker-2' } }]) }), ['lock-on-every-node']), [{ outcome: 'warning', items: ['worker-2'] }])
})

t.test('an image that was set by hand to another tag is noticed, though the labels say otherwise', async (t) => {
  const webhook = (image: string): JsonObject => ({ name: 'webhook', image })
  const deployment = { ...installation.deployment, spec: { template: { spec: { containers: [webhook('registry:5000/usher:0.0.9')] } } } }
  const pod = (name: string, image: string, imageID = 'usher@sha256:a', nodeName = 'worker-1'): JsonObject => ({
    metadata: { name },
    spec: { nodeName, containers: [webhook(image)] },
    status: { containerStatuses: [{ name: 'webhook', imageID }] },
  })
  const judged = (parts: Parameters<typeof facts>[0]) => runChecks(facts(parts), ['versions'])[0]
  const byHand = told([pod('new-1', 'registry:5000/usher:0.0.9'), pod('old-1', 'usher:v0.1.0')])
  t.match(judged({ installation: { ...installation, deployment }, webhookPods: byHand }), {
    outcome: 'warning',
    items: ['webhook is registry:5000/usher:0.0.9, labelled 0.1.0: Deployment usher-webhook, pod new-1'],
  })
  t.match(judged({ webhookPods: told([pod('a', 'usher')]) }), { items: [/^webhook is usher, labelled 0\.1\.0: pod a$/] }, 'without a tag it is the latest, whichever that is')
  t.match(judged({ webhookPods: told([pod('a', 'usher@sha256:a'), pod('b', 'usher:0.1.0@sha256:a')]) }), { outcome: 'ok' }, 'a digest tells no version')

  const node = (name: string, architecture: string): JsonObject => ({ metadata: { name, labels: { 'kubernetes.io/arch': architecture } } })
  const nodes = told([node('worker-1', 'amd64'), node('worker-2', 'amd64'), node('worker-3', 'arm64')])
  const same = (nodeName: string, id: string): JsonObject => pod(`on-${nodeName}`, 'usher:0.1.0', id, nodeName)
  t.match(judged({ nodes, webhookPods: told([same('worker-1', 'a'), same('worker-2', 'a'), same('worker-3', 'b')]) }), { outcome: 'ok' }, 'each architecture has its own')
  t.match(judged({ nodes, webhookPods: told([same('worker-1', 'a'), same('worker-2', 'b')]) }), { outcome: 'warning', items: [/^webhook is 2 images by the one name usher:0\.1\.0/] })
})
