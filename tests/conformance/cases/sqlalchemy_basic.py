"""sqlalchemy: engines on three databases: sqlalchemy_basic.py works|fails"""

import os
import sys

import sqlalchemy as sa
from sqlalchemy import orm


class Base(orm.DeclarativeBase):
    pass


class Person(Base):
    __tablename__ = "people"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str] = orm.mapped_column(sa.String(20))


def show(label, call):
    try:
        print(label, call())
    except Exception as error:
        print(label, "raises", type(error).__name__)


def use(engine):
    print(type(engine).__name__, engine.dialect.name)
    Base.metadata.create_all(engine, checkfirst=engine.dialect.name != "mysql")
    with orm.Session(engine) as session:
        session.add(Person(id=1, name="ann"))
        session.add_all([Person(id=2, name="bob"), Person(id=3, name="cid")])
        session.commit()
        print([person.name for person in session.scalars(sa.select(Person).order_by(Person.id))])
    with engine.connect() as connection:
        print(connection.execute(sa.text("SELECT count(*) FROM people")).scalar())
        print(connection.execute(sa.text("SELECT name FROM people WHERE id = :id"), {"id": 2}).all())
        rows = [{"id": 4, "name": "dan"}, {"id": 5, "name": "eve"}]
        connection.execute(sa.insert(Person), rows)
        connection.commit()
        show("exec_driver_sql", lambda: connection.exec_driver_sql("SELECT 1").all())
        raw = connection.connection.driver_connection
        cursor = raw.cursor()
        cursor.execute("SELECT 2")
        print(cursor.fetchone())
        cursor.close()
    engine.dispose()


def misuse(engine):
    with engine.connect() as connection:
        show("missing", lambda: connection.execute(sa.text("SELECT * FROM missing")))
        show("syntax", lambda: connection.exec_driver_sql("SELEC"))
    engine.dispose()


use = {"works": use, "fails": misuse}[sys.argv[1]]
use(sa.create_engine("sqlite://"))
postgres = f"127.0.0.1:{os.environ['POSTGRES_PORT']}/cases"
use(sa.create_engine(f"postgresql+psycopg2://case@{postgres}"))
use(sa.create_engine(f"mysql+pymysql://root@127.0.0.1:{os.environ['MARIADB_PORT']}/cases"))
refused = sa.create_engine("postgresql+psycopg2://case@127.0.0.1:1/cases")
show("refused", lambda: refused.connect())
