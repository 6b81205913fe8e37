// Coordinates are WGS-84 everywhere in the page; only what is laid over a GCJ-02 basemap is shifted, here.
import gcoord from 'gcoord'

export type Datum = 'wgs84' | 'gcj02'
export type Position = [number, number]

/** WGS-84 to the datum of the basemap. */
export function toDatum(position: Position, datum: Datum): Position {
  return datum === 'gcj02' ? gcoord.transform(position, gcoord.WGS84, gcoord.GCJ02) : position
}

/** From the datum of the basemap back to WGS-84: where somebody clicked. */
export function fromDatum(position: Position, datum: Datum): Position {
  return datum === 'gcj02' ? gcoord.transform(position, gcoord.GCJ02, gcoord.WGS84) : position
}

/** `toDatum` for GeoJSON; the input is left as it is. */
export function featuresToDatum(collection: GeoJSON.FeatureCollection, datum: Datum): GeoJSON.FeatureCollection {
  if (datum === 'wgs84') return collection
  const features = collection.features.map((feature) => ({ ...feature, geometry: shifted(feature.geometry, datum) }))
  return { ...collection, features }
}

function shifted(geometry: GeoJSON.Geometry, datum: Datum): GeoJSON.Geometry {
  if (geometry.type === 'GeometryCollection') {
    return { ...geometry, geometries: geometry.geometries.map((it) => shifted(it, datum)) }
  }
  return { ...geometry, coordinates: nested(geometry.coordinates, datum) } as GeoJSON.Geometry
}

type Nested = GeoJSON.Position | Nested[]
function nested(coordinates: Nested, datum: Datum): Nested {
  const [lon, lat] = coordinates
  if (typeof lon === 'number' && typeof lat === 'number') return toDatum([lon, lat], datum)
  return (coordinates as Nested[]).map((it) => nested(it, datum))
}
