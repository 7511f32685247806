"""Countries as circles: a middle, and how far the country reaches from it. Facts, rounded to half a degree and up.

`reach` is generous, in kilometres, and takes in what is ruled from there and listed nowhere else (Hawaii, Easter
Island, the Canaries): two countries are at least as far apart as `apart` says, and may be much further.
"""

from math import asin, cos, radians, sin, sqrt
from typing import Final

EARTH_RADIUS: Final = 6371.0
"""Kilometres (IUGG mean radius)."""

_TABLE: Final = """
AD 42.5 1.5 40;AE 24 54 400;AF 34 66 900;AG 17 -62 100;AI 18 -63 100;AL 41 20 250;AM 40 45 250;AO -12.5 18.5 1000
AQ -80 0 4500;AR -36 -65 2600;AS -14 -170.5 500;AT 47.5 13.5 450;AU -25 134 2800;AW 12.5 -70 60;AX 60 20 100
AZ 40.5 47.5 400;BA 44 18 250;BB 13 -59.5 60;BD 24 90 500;BE 50.5 4.5 250;BF 12 -1.5 600;BG 42.5 25.5 350
BH 26 50.5 80;BI -3.5 30 200;BJ 9.5 2.5 450;BL 18 -63 60;BM 32 -64.5 60;BN 4.5 114.5 150;BO -16.5 -64.5 1000
BQ 15 -66 800;BR -11 -53 3000;BS 24 -76 600;BT 27.5 90.5 250;BW -22 24 700;BY 53.5 28 450;BZ 17 -88.5 200
CA 60 -98 3800;CD -3 23.5 1500;CF 6.5 20.5 900;CG -1 15 800;CH 47 8 250;CI 7.5 -5.5 500;CK -16 -159.5 1100
CL -34 -72 4200;CM 5.5 12.5 850;CN 36 104 3000;CO 4 -73 1600;CR 9.5 -84 750;CU 22 -79 750;CV 16 -24 250
CW 12 -69 60;CY 35 33 150;CZ 50 15.5 350;DE 51 10.5 550;DJ 11.5 42.5 200;DK 56 10.5 450;DM 15.5 -61.5 60
DO 19 -70.5 300;DZ 28 3 1300;EC -1.5 -82 1100;EE 58.5 25.5 300;EG 26.5 30 900;EH 24.5 -13 600;ER 15.5 39 600
ES 39 -5 1900;ET 9 39.5 1000;FI 64.5 26 750;FJ -17.5 178.5 700;FK -51.5 -59.5 250;FM 7 151 1700;FO 62 -7 100
FR 46.5 2.5 850;GA -1 11.5 450;GB 54.5 -3 850;GD 12 -61.5 60;GE 42 43.5 350;GF 4 -53 350;GG 49.5 -2.5 60
GH 8 -1 500;GI 36 -5.5 20;GL 72 -40 1700;GM 13.5 -15.5 250;GN 10.5 -11 500;GP 16 -61.5 120;GQ 1.5 9.5 700
GR 39 23 700;GS -54.5 -36 900;GT 15.5 -90.5 350;GU 13.5 145 60;GW 12 -15 250;GY 5 -59 550;HK 22.5 114 60
HN 15 -86.5 500;HR 45 16.5 400;HT 19 -72.5 250;HU 47 19.5 350;ID -2.5 118 2800;IE 53.5 -8 350;IL 31.5 35 300
IM 54 -4.5 60;IN 22 80 2400;IO -6.5 72 300;IQ 33 43.5 700;IR 32.5 54.5 1250;IS 65 -18.5 350;IT 42.5 12.5 850
JE 49 -2 40;JM 18 -77.5 180;JO 31 36.5 350;JP 36 138 2200;KE 0.5 38 750;KG 41.5 74.5 600;KH 12.5 105 400
KI 0 -172 3100;KM -12 43.5 150;KN 17.5 -62.5 60;KP 40 127 500;KR 36 128 500;KW 29.5 47.5 200;KY 19.5 -80.5 180
KZ 48 67 1700;LA 18.5 104 650;LB 34 36 150;LC 14 -61 60;LI 47 9.5 30;LK 7.5 80.5 350;LR 6.5 -9.5 400
LS -29.5 28.5 200;LT 55.5 24 300;LU 50 6 70;LV 57 25 350;LY 27 17.5 1100;MA 29 -9 1300;MC 43.5 7.5 20
MD 47 28.5 250;ME 42.5 19.5 150;MF 18 -63 40;MG -19 46.5 950;MH 9 168 900;MK 41.5 21.5 200;ML 17 -3 1300
MM 20 96.5 1200;MN 46.5 104 1400;MO 22 113.5 30;MP 17 145.5 500;MQ 14.5 -61 60;MR 20.5 -10.5 1000;MS 16.5 -62 40
MT 36 14.5 60;MU -18 58.5 1000;MV 3.5 73 600;MW -13.5 34 550;MX 23.5 -102.5 2000;MY 4 109 1300;MZ -17.5 36 1250
NA -22 17 1000;NC -21.5 165.5 500;NE 17.5 9 1100;NF -29 168 40;NG 9.5 8 900;NI 13 -85 400;NL 52 5.5 250
NO 66 15 1700;NP 28 84 550;NR -0.5 167 30;NU -19 -170 40;NZ -41 173 1400;OM 21 56.5 750;PA 8.5 -80 400
PE -9.5 -75 1200;PF -15 -142 1700;PG -6.5 147.5 1100;PH 12 122 1100;PK 30 69.5 1100;PL 52 19.5 500;PM 47 -56.5 60
PN -24.5 -128.5 500;PR 18 -66.5 150;PS 32 35 120;PT 39 -14 1600;PW 6 134 600;PY -23.5 -58.5 650;QA 25.5 51 130
RE -21 55.5 80;RO 46 25 450;RS 44 21 350;RU 62 96 4900;RW -2 30 200;SA 24 44.5 1300;SB -9 160 1100
SC -6.5 53.5 1000;SD 15.5 30 1100;SE 62.5 16.5 950;SG 1.5 104 50;SH -15 -10 3200;SI 46 15 180;SJ 76 10 1000
SK 48.5 19.5 300;SL 8.5 -12 250;SM 44 12.5 20;SN 14.5 -14.5 450;SO 5.5 46 1000;SR 4 -56 400;SS 7.5 30.5 750
ST 0.5 7 180;SV 13.5 -89 200;SX 18 -63 40;SY 35 38.5 500;SZ -26.5 31.5 150;TC 22 -72 150;TD 15.5 18.5 1000
TF -45 62 1800;TG 8.5 1 400;TH 14.5 101 1000;TJ 38.5 71 500;TK -9 -172 250;TL -9 126 250;TM 39 59.5 700
TN 34 9.5 500;TO -19.5 -175 500;TR 39 35.5 900;TT 10.5 -61 120;TV -8 178.5 500;TW 23.5 121 450;TZ -6.5 35 850
UA 49 31.5 850;UG 1.5 32.5 450;UM 15 180 5000;US 45 -120 4900;UY -33 -56 400;UZ 41.5 64 900;VA 42 12.5 20
VC 13 -61 100;VE 7.5 -66 1000;VG 18.5 -64.5 100;VI 18 -65 120;VN 16 107 1050;VU -16 167.5 600;WF -14 -177 300
WS -13.5 -172.5 180;XK 42.5 21 150;YE 15 48 1000;YT -13 45 60;ZA -29.5 25 2400;ZM -14 28 900;ZW -19 30 550
"""


def _read(table: str) -> dict[str, tuple[float, float, float]]:
    rows = [row.split() for line in table.split("\n") for row in line.split(";") if row]
    return {code: (float(latitude), float(longitude), float(reach)) for code, latitude, longitude, reach in rows}


CIRCLES: Final = _read(_TABLE)
"""ISO 3166-1 alpha-2 code → latitude and longitude in degrees, reach in kilometres."""


def apart(one: str, other: str) -> float:
    """Kilometres that somebody has travelled at least who was in `one` country and is in the `other`: the distance of
    the middles (haversine) less both reaches; 0 for neighbours, the same country, and one that isn't listed."""
    first, second = CIRCLES.get(one), CIRCLES.get(other)
    if first is None or second is None or one == other:
        return 0.0
    north, east = radians(second[0] - first[0]), radians(second[1] - first[1])
    half = sin(north / 2) ** 2 + cos(radians(first[0])) * cos(radians(second[0])) * sin(east / 2) ** 2
    return max(0.0, 2 * EARTH_RADIUS * asin(sqrt(min(1.0, half))) - first[2] - second[2])
