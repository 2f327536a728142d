import t from 'tap'
import { withSettings } from '../../src/install/settings.ts'
import { shippedBodies } from '../support/chart-objects.ts'

// That it is what Helm renders, test/tools/install.test.ts shows.
const bodies = await shippedBodies()

t.test('without settings everything stays as it is', async (t) => {
  t.strictSame(withSettings(bodies, {}), bodies)
})

t.test('a setting is in each place, and what it replaces in none', async (t) => {
  const text = JSON.stringify(withSettings(bodies, { namespace: 'elsewhere', image: 'reg.test:5000/u:1', waitImage: 'reg.test:5000/w@sha256:00' }))
  t.notMatch(text, '"usher-system')
  t.notMatch(text, 'systemNamespace: usher-system')
  t.notMatch(text, 'usher:0.1.0')
  t.notMatch(text, 'usher-wait:0.1.0')
  t.match(text, 'systemNamespace: elsewhere')
  t.match(text, 'image: reg.test:5000/w@sha256:00')
})

t.test('text that only looks like it is left alone', async (t) => {
  const stranger = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'usher-system', namespace: 'usher-system', labels: { a: 'usher-system' } }, data: { other: 'usher-system usher:0.1.0' } }
  const [changed] = withSettings([stranger], { namespace: 'elsewhere', image: 'x:1' })
  t.strictSame(changed, { ...stranger, metadata: { ...stranger.metadata, namespace: 'elsewhere' } })
})
