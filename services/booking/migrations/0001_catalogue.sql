-- Haversine on a sphere of the earth's mean radius (IUGG: 6371008.8 m). sind and cosd are exact at whole quarter turns,
-- so that the poles and the antimeridian come out exact; least() keeps antipodes within asin's domain.
create function great_circle_meters(
  from_latitude double precision, from_longitude double precision,
  to_latitude double precision, to_longitude double precision
) returns double precision language sql immutable strict parallel safe
return round(2 * 6371008.8 * 1000 * asin(least(1, sqrt(
  power(sind((to_latitude - from_latitude) / 2), 2)
  + cosd(from_latitude) * cosd(to_latitude) * power(sind((to_longitude - from_longitude) / 2), 2)
)))) / 1000;

-- A box of degrees (x: longitude) around a circle, a meter wider than it, so that nothing on its edge is lost to
-- rounding. Over the antimeridian it reaches beyond 180 degrees; over a pole it goes all the way round.
create function circle_bounds(latitude double precision, longitude double precision, radius_meters integer)
returns box language sql immutable strict parallel safe
return (
  select box(point(longitude - width, latitude - height), point(longitude + width, latitude + height))
  from (select degrees((radius_meters + 1) / 6371008.8) as height) as reach
  cross join lateral (
    select case
      when abs(latitude) + height >= 90 then 180
      else degrees(asin(least(1, sind(height) / cosd(latitude))))
    end as width
  ) as girth
);

-- The operator leads the key, so that the table can be distributed by operator; zone_by_id finds a zone whose operator
-- the caller does not name.
create table zone (
  zone_id uuid not null,
  franchise_id uuid null,
  operator_id uuid not null
    generated always as (coalesce(franchise_id, 'c0000000-0000-4000-8000-000000000000')) stored,
  name text not null,
  latitude double precision not null check (latitude between -90 and 90),
  longitude double precision not null check (longitude between -180 and 180),
  radius_meters integer not null check (radius_meters > 0),
  bounds box not null generated always as (circle_bounds(latitude, longitude, radius_meters)) stored,
  time_zone text not null,
  country_code text not null check (country_code ~ '^[A-Z]{2}$'),
  region_code text not null check (region_code ~ '^([A-Z]{2}-[A-Z0-9]{1,3})?$'),
  version bigint not null default 1,
  create_time timestamptz not null,
  primary key (operator_id, zone_id),
  constraint zone_franchise_is_not_the_company check (franchise_id <> 'c0000000-0000-4000-8000-000000000000')
);

create unique index zone_by_id on zone (zone_id);
create unique index zone_name_of_company on zone (operator_id, name) where franchise_id is null;
create unique index zone_name_of_franchise on zone (operator_id, name) where franchise_id is not null;
create index zone_bounds on zone using gist (bounds);

-- The zone that serves a point, or no row. A point has a second longitude, a whole turn away on the far side, under
-- which the boxes that cross the antimeridian hold it. `offset 0` keeps the planner from computing each distance again
-- in the filter and in the order.
create function locate_zone(at_latitude double precision, at_longitude double precision)
returns table (
  zone_id uuid, operator_id uuid, franchise_id uuid, name text,
  latitude double precision, longitude double precision, radius_meters integer,
  time_zone text, country_code text, region_code text, version bigint, create_time timestamptz,
  distance_meters double precision
) language sql stable parallel safe rows 1
begin atomic
  select
    near.zone_id, near.operator_id, near.franchise_id, near.name,
    near.latitude, near.longitude, near.radius_meters,
    near.time_zone, near.country_code, near.region_code, near.version, near.create_time,
    near.distance_meters
  from (
    select z.*, great_circle_meters(z.latitude, z.longitude, at_latitude, at_longitude) as distance_meters
    from zone z
    where z.bounds @> box(point(at_longitude, at_latitude), point(at_longitude, at_latitude))
      or z.bounds @> box(
        point(at_longitude + case when at_longitude > 0 then -360 else 360 end, at_latitude),
        point(at_longitude + case when at_longitude > 0 then -360 else 360 end, at_latitude)
      )
    offset 0
  ) as near
  where near.distance_meters <= near.radius_meters
  order by near.distance_meters, near.radius_meters, near.zone_id
  limit 1;
end;

create table course (
  course_id uuid primary key,
  name text not null constraint course_name_taken unique,
  description text not null,
  session_count integer not null check (session_count > 0),
  session_minutes integer not null check (session_minutes > 0),
  version bigint not null default 1,
  create_time timestamptz not null
);

create table student (
  student_id uuid primary key,
  name text not null,
  language text not null,
  latitude double precision not null check (latitude between -90 and 90),
  longitude double precision not null check (longitude between -180 and 180),
  time_zone text not null,
  version bigint not null default 1,
  create_time timestamptz not null
);
