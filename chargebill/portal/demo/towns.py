"""Towns and names the large demo makes more places of. The towns exist; what stands in them is made up."""

from dataclasses import dataclass

from chargebill.portal.demo import kinds
from chargebill.portal.demo.kinds import Kind


@dataclass(frozen=True, slots=True)
class Town:
    """A town with its postal code and where its middle is. ``weight``: how much of the company's places it has."""

    name: str
    postal_code: str
    latitude: float
    longitude: float
    weight: int


@dataclass(frozen=True, slots=True)
class Pattern:
    """A kind of place to make: names (a number follows where one is used up), streets, rated kW of its poles, weight."""

    kind: Kind
    weight: int
    names: tuple[str, ...]
    streets: tuple[str, ...]
    poles: tuple[tuple[float, ...], ...]


GERMANY = (
    Town("Oldenburg", "26122", 53.1435, 8.2146, 10),
    Town("Wilhelmshaven", "26382", 53.5302, 8.1060, 6),
    Town("Delmenhorst", "27749", 53.0506, 8.6310, 5),
    Town("Emden", "26721", 53.3669, 7.2061, 4),
    Town("Aurich", "26603", 53.4710, 7.4848, 4),
    Town("Leer", "26789", 53.2316, 7.4610, 4),
    Town("Papenburg", "26871", 53.0773, 7.3926, 3),
    Town("Cloppenburg", "49661", 52.8480, 8.0450, 3),
    Town("Nordenham", "26954", 53.4860, 8.4800, 3),
    Town("Norden", "26506", 53.5960, 7.2060, 3),
    Town("Varel", "26316", 53.3970, 8.1360, 3),
    Town("Westerstede", "26655", 53.2560, 7.9270, 2),
    Town("Bad Zwischenahn", "26160", 53.1860, 8.0090, 2),
    Town("Friesoythe", "26169", 53.0210, 7.8580, 2),
    Town("Wittmund", "26409", 53.5740, 7.7780, 2),
    Town("Jever", "26441", 53.5740, 7.9010, 2),
    Town("Wiesmoor", "26639", 53.4120, 7.7330, 2),
    Town("Rastede", "26180", 53.2470, 8.1990, 2),
    Town("Brake", "26919", 53.3260, 8.4810, 2),
    Town("Esens", "26427", 53.6470, 7.6120, 1),
)
BORDERS = (
    Town("Berwick-upon-Tweed", "TD15", 55.7692, -2.0024, 5),
    Town("Galashiels", "TD1", 55.6179, -2.8069, 5),
    Town("Hawick", "TD9", 55.4220, -2.7870, 4),
    Town("Kelso", "TD5", 55.5980, -2.4330, 3),
    Town("Peebles", "EH45", 55.6510, -3.1890, 3),
    Town("Alnwick", "NE66", 55.4130, -1.7060, 4),
    Town("Morpeth", "NE61", 55.1680, -1.6900, 4),
    Town("Hexham", "NE46", 54.9710, -2.1010, 4),
    Town("Carlisle", "CA1", 54.8925, -2.9329, 7),
    Town("Penrith", "CA11", 54.6640, -2.7530, 3),
    Town("Dumfries", "DG1", 55.0700, -3.6050, 4),
    Town("Jedburgh", "TD8", 55.4790, -2.5550, 2),
    Town("Melrose", "TD6", 55.5980, -2.7190, 2),
    Town("Eyemouth", "TD14", 55.8720, -2.0910, 2),
    Town("Duns", "TD11", 55.7780, -2.3440, 2),
)
# fmt: off
GERMAN_PATTERNS = (
    Pattern(kinds.STREET, 30, ("Lindenstraße", "Bergstraße", "Schillerplatz", "Gartenweg", "Am Wall", "Mühlenviertel"),
            ("Lindenstraße", "Bergstraße", "Schillerplatz", "Gartenweg", "Am Wall", "Mühlenweg"),
            ((11, 11), (11, 11, 22), (22, 22), (11, 11, 11, 11))),
    Pattern(kinds.TOWN, 18, ("Marktplatz", "Rathaus", "Stadthalle", "Bahnhofsviertel"),
            ("Markt", "Rathausgasse", "Hallenstraße", "Bahnhofstraße"), ((22, 22, 22, 22), (22, 22), (22, 22, 22, 22, 50))),
    Pattern(kinds.SHOPPING, 14, ("Einkaufszentrum", "Möbelhaus", "Gartencenter", "Fachmarktzentrum"),
            ("Südring", "Nordring", "Gewerbestraße", "Westring"), ((22, 22, 22, 100, 100), (22, 22, 50), (100, 100, 150, 150))),
    Pattern(kinds.FAST, 7, ("Schnellladepark", "Stadtwerke-Hof", "Ladehof"),
            ("Hafenstraße", "Werkstraße", "Industriestraße"), ((150, 150, 300, 300), (150, 150, 150, 150, 300, 300))),
    Pattern(kinds.MOTORWAY, 4, ("Autohof", "Rastplatz"), ("Zur Autobahn", "Autobahnring"),
            ((150, 150, 300, 300, 300, 300), (150, 300, 300, 300))),
    Pattern(kinds.WORK, 12, ("Technologiepark", "Kreishaus", "Klinikum", "Werk"),
            ("Forscherring", "Kreisstraße", "Am Klinikum", "Werkstor"), ((11,) * 8, (11, 11, 22, 22, 22, 22), (11,) * 14)),
    Pattern(kinds.PARK_AND_RIDE, 6, ("Bahnhof P+R", "P+R Nord"), ("Bahnhofsallee", "Nordstraße"), ((11,) * 4, (11,) * 8)),
    Pattern(kinds.HOTEL, 6, ("Hotel am Deich", "Landhotel", "Gasthof Zur Post"), ("Deichstraße", "Landstraße", "Poststraße"),
            ((11, 11), (11, 11, 22, 22))),
    Pattern(kinds.LEISURE, 6, ("Schwimmbad", "Tierpark", "Strandparkplatz"), ("Badweg", "Parkallee", "Strandweg"),
            ((22, 22), (22, 22, 22, 22))),
)
BORDERS_PATTERNS = (
    Pattern(kinds.STREET, 28, ("Abbey Street", "Mill Lane", "Station Road", "Castle Terrace", "Victoria Road", "Northgate"),
            ("Abbey Street", "Mill Lane", "Station Road", "Castle Terrace", "Victoria Road", "Northgate"),
            ((7.4, 7.4), (7.4, 7.4, 7.4), (7.4, 22))),
    Pattern(kinds.TOWN, 20, ("High Street Car Park", "Market Square", "Town Hall Car Park", "Riverside Car Park"),
            ("High Street", "Market Square", "Chapel Street", "Riverside"), ((22, 22), (22, 22, 22, 22), (22, 22, 50))),
    Pattern(kinds.SHOPPING, 14, ("Retail Park", "Garden Centre", "Superstore"), ("Ring Road", "Nursery Lane", "Bypass Road"),
            ((22, 22, 50, 50), (50, 50, 150, 150), (22, 22, 22, 50))),
    Pattern(kinds.FAST, 7, ("Charging Hub", "Depot Hub"), ("Enterprise Way", "Depot Road"),
            ((150, 150, 150, 150), (150, 150, 350, 350))),
    Pattern(kinds.MOTORWAY, 4, ("Services", "Truckstop"), ("Great North Road", "Bypass Road"),
            ((150, 150, 350, 350), (150, 150, 150, 350, 350, 350))),
    Pattern(kinds.WORK, 11, ("Business Park", "General Hospital", "Council Offices"),
            ("Innovation Drive", "Hospital Road", "Council Lane"),
            ((7.4,) * 8, (7.4, 7.4, 22, 22))),
    Pattern(kinds.PARK_AND_RIDE, 6, ("Park and Ride", "Station Car Park"), ("Station Approach", "Station Road"),
            ((7.4,) * 6, (7.4,) * 4)),
    Pattern(kinds.HOTEL, 8, ("Abbey Hotel", "Coaching Inn", "Country House Hotel"), ("Abbey Road", "Coach Lane", "House Drive"),
            ((7.4, 7.4), (7.4, 7.4, 22))),
    Pattern(kinds.LEISURE, 6, ("Leisure Centre", "Country Park", "Beach Car Park"), ("Leisure Way", "Park Lane", "Shore Road"),
            ((22, 22), (7.4, 7.4, 22))),
)
# fmt: on
